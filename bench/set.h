/* What the benches of one frame size share: pictures as a camera delivers them, and the arena they go to. */
#ifndef PASTCAM_BENCH_SET_H
#define PASTCAM_BENCH_SET_H

#include <stddef.h>
#include <stdint.h>

#include "media/frame.h"

enum { BUFFERS = 4 }; /* that a camera has, and delivers in turn */

struct set {
	int width, height;
	size_t bytes;  /* of a frame */
	char name[16]; /* "1024x768" */
	uint8_t *rgb[BUFFERS], *nv12[BUFFERS];
	uint8_t *arena; /* far larger than the caches, every slot a frame with noise of its own */
	size_t slots;
};

static inline uint8_t *set_slot(const struct set *set, size_t turn)
{
	return set->arena + turn % set->slots * set->bytes;
}

struct image set_image_rgb(const struct set *set, size_t turn);
struct image set_image_nv12(const struct set *set, size_t turn);

void bench_stacks(struct set *set);
void bench_ingest(struct set *set);
void bench_broken(const struct set *set);
void bench_encoders(struct set *set);
void bench_video_encoders(struct set *set);
void bench_events(void);
void bench_growth(void);
void bench_video(struct set *set);
void bench_mux(void);
void bench_past(const struct set *set);
void bench_sealed(const struct set *set);

#endif
