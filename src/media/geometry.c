#include "geometry.h"

#include <math.h>

static int even(int value)
{
	return value & ~1;
}

static int clamp(int value, int least, int most)
{
	return value < least ? least : value > most ? most : value;
}

static void choose_region(struct geometry *geometry, const struct ingest_params *params)
{
	const struct region *region = &params->region;
	*geometry = (struct geometry){ .width = params->in_width, .height = params->in_height };
	if (!(region->width > 0) || !(region->height > 0))
		return;
	const int width = params->in_width, height = params->in_height;
	geometry->x = even(clamp((int)lround(width * region->x), 0, width - 1));
	geometry->y = even(clamp((int)lround(height * region->y), 0, height - 1));
	geometry->width = clamp((int)lround(width * region->width), 1, width - geometry->x);
	geometry->height = clamp((int)lround(height * region->height), 1, height - geometry->y);
}

/* size x to / from, rounded, 1 to most. */
static int in_proportion(int size, int to, int from, int most)
{
	const int64_t scaled = ((int64_t)size * to + from / 2) / from;
	return (int)(scaled < 1 ? 1 : scaled > most ? most : scaled);
}

static void crop(struct geometry *geometry, int width, int height)
{
	const int wide = in_proportion(geometry->height, width, height, geometry->width);
	const int high = in_proportion(geometry->width, height, width, geometry->height);
	geometry->x += even((geometry->width - wide) / 2);
	geometry->y += even((geometry->height - high) / 2);
	geometry->width = wide;
	geometry->height = high;
}

static void pad(struct geometry *geometry, int width, int height)
{
	geometry->scaled_width = in_proportion(geometry->width, height, geometry->height, width);
	geometry->scaled_height = in_proportion(geometry->height, width, geometry->width, height);
}

static void centre(struct geometry *geometry, const struct ingest_params *params)
{
	const bool swapped = orientation_swaps(params->turned);
	const int width = swapped ? geometry->scaled_height : geometry->scaled_width;
	const int height = swapped ? geometry->scaled_width : geometry->scaled_height;
	geometry->left = (params->out_width - width) / 2;
	geometry->top = (params->out_height - height) / 2;
}

struct geometry geometry_of(const struct ingest_params *params)
{
	struct geometry geometry;
	const bool swapped = orientation_swaps(params->turned);
	const int width = swapped ? params->out_height : params->out_width;
	const int height = swapped ? params->out_width : params->out_height;
	choose_region(&geometry, params);
	if (params->fit == FIT_CROP)
		crop(&geometry, width, height);
	geometry.scaled_width = width;
	geometry.scaled_height = height;
	if (params->fit == FIT_PAD)
		pad(&geometry, width, height);
	geometry.middle_width = clamp(geometry.width, 1, geometry.scaled_width);
	geometry.middle_height = clamp(geometry.height, 1, geometry.scaled_height);
	centre(&geometry, params);
	return geometry;
}

static size_t bytes_of_columns(enum pixel_format format, int plane, int x)
{
	static const uint8_t bytes[] = {
		[PIXEL_RGB] = 3, [PIXEL_BGR] = 3, [PIXEL_RGBX] = 4, [PIXEL_BGRX] = 4, [PIXEL_YUYV] = 2,
	};
	if (format == PIXEL_NV12)
		return (size_t)x;
	if (format == PIXEL_YUV420)
		return (size_t)(plane == 0 ? x : x / 2);
	return (size_t)x * bytes[format];
}

static struct image moved(const struct image *image, int x, int y)
{
	struct image part = *image;
	const bool halved = image->format == PIXEL_NV12 || image->format == PIXEL_YUV420;
	for (int plane = 0; plane < 3 && image->plane[plane]; plane++) {
		const size_t row = (size_t)(plane > 0 && halved ? y / 2 : y);
		part.plane[plane] += row * image->stride[plane] + bytes_of_columns(image->format, plane, x);
	}
	return part;
}

struct image geometry_part(const struct geometry *geometry, const struct image *image)
{
	struct image part = moved(image, geometry->x, geometry->y);
	part.width = geometry->width;
	part.height = geometry->height;
	return part;
}

struct image geometry_rows(const struct image *image, int y, int count)
{
	struct image rows = moved(image, 0, y);
	rows.height = count;
	return rows;
}
