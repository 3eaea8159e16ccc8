#include "media/ingest.h"

#include <stdlib.h>

#include "area.h"
#include "convert.h"
#include "enlarge.h"
#include "geometry.h"
#include "neon_choice.h"
#include "place.h"

/* Rows that are made at a time before they are turned: they stay in the cache, and their pixels of a column fill a
 * cache line of the frame's rows. Even, since rows share their chroma. */
enum { STRIP_ROWS = 32 };

struct ingest {
	struct geometry geometry;
	orientation turned;
	bool direct;             /* what is made is the frame, as it lies in memory */
	struct area *area;       /* NULL where nothing is averaged */
	struct enlarge *enlarge; /* NULL where nothing is enlarged */
	uint8_t *strip;          /* NULL where direct */
};

static bool is_averaged(const struct geometry *geometry)
{
	return geometry->middle_width < geometry->width || geometry->middle_height < geometry->height;
}

static bool is_enlarged(const struct geometry *geometry)
{
	return geometry->middle_width < geometry->scaled_width || geometry->middle_height < geometry->scaled_height;
}

static bool make_parts(struct ingest *ingest)
{
	const struct geometry *geometry = &ingest->geometry;
	if (is_averaged(geometry)) {
		ingest->area = area_create(geometry->width, geometry->height, geometry->middle_width, geometry->middle_height);
		if (!ingest->area)
			return false;
	}
	if (is_enlarged(geometry)) {
		ingest->enlarge = enlarge_create(geometry->middle_width, geometry->middle_height, geometry->scaled_width,
		                                 geometry->scaled_height);
		if (!ingest->enlarge)
			return false;
	}
	if (!ingest->direct)
		ingest->strip = malloc(frame_bytes(geometry->scaled_width, STRIP_ROWS));
	return ingest->direct || ingest->strip;
}

struct ingest *ingest_create_for(const struct ingest_params *params)
{
	if (params->in_width < 1 || params->in_height < 1 || params->out_width < 1 || params->out_height < 1)
		return NULL;
	struct ingest *ingest = calloc(1, sizeof *ingest);
	if (!ingest)
		return NULL;
	ingest->geometry = geometry_of(params);
	ingest->turned = params->turned;
	ingest->direct = params->turned == ORIENTATION_NORMAL && ingest->geometry.scaled_width == params->out_width &&
	                 ingest->geometry.scaled_height == params->out_height;
	if (!make_parts(ingest)) {
		ingest_destroy(ingest);
		return NULL;
	}
	return ingest;
}

struct ingest *ingest_create(int in_width, int in_height, int out_width, int out_height)
{
	return ingest_create_for(&(struct ingest_params){ .in_width = in_width,
	                                                  .in_height = in_height,
	                                                  .out_width = out_width,
	                                                  .out_height = out_height,
	                                                  .fit = FIT_STRETCH });
}

void ingest_destroy(struct ingest *ingest)
{
	if (!ingest)
		return;
	area_destroy(ingest->area);
	enlarge_destroy(ingest->enlarge);
	free(ingest->strip);
	free(ingest);
}

/* Rows of the size between averaging and enlarging. Returns the sum of their bytes. */
static uint64_t middle_rows(struct ingest *ingest, const struct image *part, int first, int count, uint8_t *rgb)
{
	if (ingest->area)
		return area_rows(ingest->area, part, first, count, rgb);
	const struct image rows = geometry_rows(part, first, count);
	return convert_image(&rows, rgb);
}

static uint64_t scaled_rows(struct ingest *ingest, const struct image *part, int first, int count, uint8_t *rgb)
{
	if (ingest->enlarge)
		return enlarge_rows(ingest->enlarge, first, count, rgb);
	return middle_rows(ingest, part, first, count, rgb);
}

static uint64_t place_strips(struct ingest *ingest, const struct image *part, struct frame *frame)
{
	const struct geometry *geometry = &ingest->geometry;
	uint64_t sum = 0;
	for (int y = 0; y < geometry->scaled_height; y += STRIP_ROWS) {
		const int left = geometry->scaled_height - y, count = left < STRIP_ROWS ? left : STRIP_ROWS;
		sum += scaled_rows(ingest, part, y, count, ingest->strip);
		place_rows(geometry, ingest->turned, ingest->strip, y, count, frame);
	}
	place_bars(geometry, ingest->turned, frame);
	return sum;
}

/* Rows whose pixels fit the nearest cache; a multiple of every grid's block and of the rows that share chroma. */
enum { BAND_ROWS = 8 };

static uint64_t direct_rows(struct ingest *ingest, const struct image *part, struct frame *frame,
                            struct luma_grid *grid)
{
	const int height = ingest->geometry.scaled_height;
	if (!grid)
		return scaled_rows(ingest, part, 0, height, frame->pixels);
	uint64_t sum = 0;
	for (int y = 0; y < height; y += BAND_ROWS) {
		const int count = height - y < BAND_ROWS ? height - y : BAND_ROWS;
		uint8_t *rows = frame->pixels + frame_bytes(frame->width, y);
		sum += scaled_rows(ingest, part, y, count, rows);
		luma_grid_rows(grid, rows, frame->width, y, y + count);
	}
	return sum;
}

void ingest_with_luma(struct ingest *ingest, const struct image *image, struct frame *frame, struct luma_grid *grid)
{
#ifdef NEON_CHOICE
	if (neon_is_here()) {
		ingest_with_luma_on_neon(ingest, image, frame, grid);
		return;
	}
#endif
	const struct geometry *geometry = &ingest->geometry;
	const struct image part = geometry_part(geometry, image);
	uint64_t sum;
	if (ingest->enlarge)
		middle_rows(ingest, &part, 0, geometry->middle_height, enlarge_input(ingest->enlarge));
	if (ingest->direct)
		sum = direct_rows(ingest, &part, frame, grid);
	else
		sum = place_strips(ingest, &part, frame);
	if (grid && !ingest->direct)
		luma_grid_rows(grid, frame->pixels, frame->width, 0, frame->height);
	frame->info.mean = (double)sum / (double)frame_bytes(frame->width, frame->height);
}

void ingest(struct ingest *ingest, const struct image *image, struct frame *frame)
{
	ingest_with_luma(ingest, image, frame, NULL);
}
