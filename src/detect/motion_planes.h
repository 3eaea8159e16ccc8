/* What motion remembers of each cell, and the passes over all cells. Private to src/detect. */
#ifndef PASTCAM_DETECT_MOTION_PLANES_H
#define PASTCAM_DETECT_MOTION_PLANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Units of luma_grid.h, within 16 bits. */
struct motion_planes {
	int width, height;
	size_t count;
	uint16_t *background;
	uint16_t *recent; /* the mean of half a second, in the light of now */
	uint16_t *unlit;  /* the same in the light that it had, while they are two */
	bool relit;       /* they are */
	uint16_t *spread; /* how far a cell strays from its background of itself, in 1/16 of a unit */
	uint16_t *least; /* the least contrast, in 1/1024 of what it is at sensitivity 50; MOTION_NEVER where none counts */
	uint8_t *changed, *active;              /* 0 or 1 */
	uint8_t *scratch;                       /* with a row of zeros above and below */
	float *row;                             /* of gains */
	uint16_t *extremes;                     /* four rows and their margins, for motion_sway.c */
	uint32_t *squares_before, *squares_now; /* sums of MOTION_SQUARE x MOTION_SQUARE cells, for motion_light.c */
	uint16_t noise;                         /* of the last comparison */
	int recent_rate;                        /* likewise */
};

enum { MOTION_SQUARE = 4 };
enum { MOTION_NEVER = UINT16_MAX, MOTION_LEAST_ONE = 1024 };

bool motion_planes_init(struct motion_planes *planes, int width, int height);
void motion_planes_finish(struct motion_planes *planes);
size_t motion_planes_bytes(int width, int height);

/* All of the past becomes this picture. */
void motion_planes_begin(struct motion_planes *planes, const uint16_t *luma);

/* The background becomes the recent past: once the picture has settled, nothing better is known. */
void motion_planes_forget(struct motion_planes *planes);

/* Before the light is put into the recent past, and for as long as that tells: what it was without is kept, too. */
void motion_planes_relight(struct motion_planes *planes, bool relit);

/* How quickly cells follow, as powers of two: 1/2^n of the way with each frame. */
struct motion_rates {
	int active; /* the background, where something moves */
	int still;  /* the background elsewhere */
	int recent;
	int spread; /* where it rises */
};

/* The median of how far cells are from their recent past, on a sample of them: of noise, 0.7 of its deviation. */
uint16_t motion_planes_noise(const struct motion_planes *planes, const uint16_t *luma);

struct motion_counts {
	size_t changed, active;
};

/* Fills changed and active, and moves the three planes. noise: the least that counts as more than noise. */
struct motion_counts motion_planes_compare(struct motion_planes *planes, const uint16_t *luma,
                                           const struct motion_rates *rates, uint16_t noise);

/* From where on the cell counts as changed. */
uint16_t motion_planes_threshold(const struct motion_planes *planes, size_t cell);

/* Leaves of mask the cells whose 3x3 neighbourhood has five or more. */
void motion_planes_majority(struct motion_planes *planes, uint8_t *mask);

#endif
