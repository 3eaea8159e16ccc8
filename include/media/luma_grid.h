/*
 * A small picture of brightness for motion detection: each cell is the mean of all bytes of a square block of a frame's
 * pixels, R, G and B alike, so that it is in proportion to what the night controller calls the mean. It is finer than a
 * byte, since what averaging takes from the noise would be lost in rounding. Pure; nothing is allocated after create.
 */
#ifndef PASTCAM_MEDIA_LUMA_GRID_H
#define PASTCAM_MEDIA_LUMA_GRID_H

#include "media/frame.h"

/* One level of brightness (0-255) in a cell's units. */
enum { LUMA_GRID_LEVEL = 48, LUMA_GRID_MOST = 255 * LUMA_GRID_LEVEL };
/* From here on some of a cell's pixels may be brighter than the camera can tell. */
enum { LUMA_GRID_CLIPPED = 245 * LUMA_GRID_LEVEL };

struct luma_grid {
	uint16_t *cells; /* rows of width cells, no padding; 0 to LUMA_GRID_MOST */
	int width, height;
	int block;      /* pixels on a cell's side */
	uint16_t *sums; /* private: of a row of blocks */
};

/* For frames of frame_width x frame_height; block: 1, 2, 4 or 8. Pixels beyond the last whole block count for nothing.
 * False when there is no whole block, or memory is out; destroy is safe then. */
bool luma_grid_init(struct luma_grid *grid, int frame_width, int frame_height, int block);
void luma_grid_finish(struct luma_grid *grid); /* also of zeros, and again */

/* Fills the rows of cells that lie wholly in pixel rows [begin, end) of a frame; begin is a multiple of block. pixels:
 * of row begin, R,G,B, rows of frame_width pixels. */
void luma_grid_rows(struct luma_grid *grid, const uint8_t *pixels, int frame_width, int begin, int end);

/* Pixels on a cell's side of an image that shows what the frames show: 1, 2 or 4, at most twice the block; 0 where its
 * size is no such multiple of the grid's, or it has no plane of luma. */
int luma_grid_scale(const struct luma_grid *grid, const struct image *image);

/* Fills all cells from the luma of an image of whose size luma_grid_scale is not 0; 16 to 235 is stretched to the full
 * range. Where R, G and B are alike the cells are those of the frame, but for rounding; of colours they are the
 * weighted mean. */
void luma_grid_fill(struct luma_grid *grid, const struct image *image);

#endif
