/*
 * What the light of the picture has been multiplied with since the background: by its tiles, from parts that keep their
 * texture. Private to src/detect.
 *
 * In a tile, the ratios of picture and background of many small squares agree where the light has changed, whatever
 * the scene is, and scatter where something stands in front of it. The median is a tile's gain; tiles that scatter take
 * that of the others, and each takes the median of its neighbourhood, so that what moves, unless it fills most of three
 * by three tiles, has no say.
 */
#ifndef PASTCAM_DETECT_MOTION_LIGHT_H
#define PASTCAM_DETECT_MOTION_LIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "motion_planes.h"

enum { LIGHT_TILES_MAX = 8 }; /* in a direction */

struct motion_light {
	int columns, rows;                                  /* of tiles */
	int tile;                                           /* cells on a tile's side; the last ones take what is left */
	float gain[LIGHT_TILES_MAX][LIGHT_TILES_MAX];       /* smoothed */
	uint8_t restless[LIGHT_TILES_MAX][LIGHT_TILES_MAX]; /* frames until a tile's light has been the same for long */
	bool is_restless;                                   /* any of them is */
	float whole;                                        /* the median of all tiles */
	bool jumped;                                        /* most of the tiles changed by more than a little, and alike */
};

void motion_light_init(struct motion_light *light, int width, int height);

/* Measures luma against the background. */
void motion_light_measure(struct motion_light *light, const struct motion_planes *planes, const uint16_t *luma);

/* Puts background and recent past into the light that was measured of luma. False: it was the same, nothing was done.
 */
bool motion_light_apply(const struct motion_light *light, struct motion_planes *planes, const uint16_t *luma);

/* Whether the light of any tile that has cells from left to right and top to bottom, inclusive, has changed of late. */
bool motion_light_is_restless(const struct motion_light *light, int left, int top, int right, int bottom);

#endif
