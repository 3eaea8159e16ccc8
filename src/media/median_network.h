/* A network of minimum and maximum that brings the middle of a few to its place. Private to src/media. */
#ifndef PASTCAM_MEDIA_MEDIAN_NETWORK_H
#define PASTCAM_MEDIA_MEDIAN_NETWORK_H

#include <stddef.h>
#include <stdint.h>

/* Of more sources counting takes less time on x86-64, with AVX2 and without. On ARM it takes more instructions, until
 * 88 on 64 bits, with NEON and with words of four bytes on 32 until about 64. MEDIAN_STEPS_MAX: that sort
 * MEDIAN_SORT_MAX. */
#if defined __ARM_NEON && defined __aarch64__
enum { MEDIAN_SORT_MAX = 88, MEDIAN_STEPS_MAX = 903 };
#elif defined __ARM_NEON || defined __ARM_FEATURE_SIMD32
enum { MEDIAN_SORT_MAX = 64, MEDIAN_STEPS_MAX = 543 };
#else
enum { MEDIAN_SORT_MAX = 32, MEDIAN_STEPS_MAX = 191 };
#endif

/* What of a comparison is still looked at after it. */
enum median_keeps { MEDIAN_KEEPS_BOTH, MEDIAN_KEEPS_LOW, MEDIAN_KEEPS_HIGH };

/* Puts the smaller of two places at low, the larger at high. */
struct median_step {
	uint8_t low, high;
	uint8_t keeps; /* enum median_keeps */
};

struct median_network {
	struct median_step steps[MEDIAN_STEPS_MAX];
	size_t count;
};

/* The steps after which places (count - 1) / 2 and count / 2 hold what sorting would put there; others hold anything.
 * count: 1 to MEDIAN_SORT_MAX. */
void median_network_make(struct median_network *network, size_t count);

#endif
