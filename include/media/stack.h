/* Stacking: many frames of one size into one picture. Pure. */
#ifndef PASTCAM_MEDIA_STACK_H
#define PASTCAM_MEDIA_STACK_H

#include <stddef.h>
#include <stdint.h>

enum stack_mode {
	STACK_MEAN,   /* rounded to nearest */
	STACK_MEDIAN, /* of an even count: the mean of the middle two, rounded up */
	STACK_MAX,
};

const char *stack_mode_name(enum stack_mode mode);          /* "mean", "median", "max" */
int stack_mode_of(const char *name, enum stack_mode *mode); /* 0, or -EINVAL for any other name */

enum { STACK_COUNT_MAX = 4096 };

/* Stacks bytes [begin, end) of count sources into out[begin, end): bands can run side by side. count: 1 to
 * STACK_COUNT_MAX. */
void stack_range(enum stack_mode mode, const uint8_t *const sources[], size_t count, size_t begin, size_t end,
                 uint8_t *out);

#endif
