#include "area.h"

#include <stdlib.h>
#include <string.h>

#include "base/number.h"

#include "area_box.h"
#include "area_narrow.h"
#include "area_weighted.h"
#include "area_whole.h"
#include "box_row.h"
#include "convert.h"
#include "media/kernel.h"
#include "media/luma.h"

enum { COMPONENTS = 3, PLANES_MAX = 3, STEPS = 2 };

struct area {
	int in_width, in_height, out_width, out_height;
	int whole_ratio; /* the same power of two in both directions, 2 to AREA_WHOLE_RATIO_MAX; else 0 */
	int box_ratio;   /* the same whole number in both directions, 2 to BOX_RATIO_MAX; else 0 */
	struct area_columns columns[STEPS]; /* for samples of one and of two pixels */
	float *sums;                        /* of the rows of one plane that an output row covers, weighted */
	float *lanes;                       /* of an output row */
	uint16_t *narrow_sums;              /* the same without weights, or small ones */
	uint16_t *narrow_lanes;
	uint16_t *averages[COMPONENTS]; /* of one output row, 8.8 bits */
};

/* Where the samples of one component are in the rows of its plane. */
struct component {
	uint8_t plane, offset, stride; /* bytes */
	uint8_t columns;               /* pixels that a sample colours */
};

/* A plane's units: how many columns and rows of pixels each colours, and its bytes. */
struct unit {
	uint8_t columns, rows, bytes;
};

struct layout {
	struct unit units[PLANES_MAX];
	struct component components[COMPONENTS]; /* R, G, B or Y, U, V */
};

static const struct layout layouts[] = {
	[PIXEL_RGB] = { { { 1, 1, 3 } }, { { 0, 0, 3, 1 }, { 0, 1, 3, 1 }, { 0, 2, 3, 1 } } },
	[PIXEL_BGR] = { { { 1, 1, 3 } }, { { 0, 2, 3, 1 }, { 0, 1, 3, 1 }, { 0, 0, 3, 1 } } },
	[PIXEL_RGBX] = { { { 1, 1, 4 } }, { { 0, 0, 4, 1 }, { 0, 1, 4, 1 }, { 0, 2, 4, 1 } } },
	[PIXEL_BGRX] = { { { 1, 1, 4 } }, { { 0, 2, 4, 1 }, { 0, 1, 4, 1 }, { 0, 0, 4, 1 } } },
	[PIXEL_NV12] = { { { 1, 1, 1 }, { 2, 2, 2 } }, { { 0, 0, 1, 1 }, { 1, 0, 2, 2 }, { 1, 1, 2, 2 } } },
	[PIXEL_YUV420] = { { { 1, 1, 1 }, { 2, 2, 1 }, { 2, 2, 1 } }, { { 0, 0, 1, 1 }, { 1, 0, 1, 2 }, { 2, 0, 1, 2 } } },
	[PIXEL_YUYV] = { { { 2, 1, 4 } }, { { 0, 0, 2, 1 }, { 0, 1, 4, 2 }, { 0, 3, 4, 2 } } },
};

static bool is_rgb(enum pixel_format format)
{
	return format < PIXEL_NV12;
}

/* 0 where it is not the same whole number in both directions, or 1. */
static int common_ratio(const struct area *area)
{
	const int ratio = area->in_width / area->out_width;
	const bool whole = ratio * area->out_width == area->in_width && ratio * area->out_height == area->in_height;
	return whole && ratio > 1 ? ratio : 0;
}

static bool allocate(struct area *area)
{
	const size_t row_bytes = 4 * ((size_t)area->in_width + 1); /* of the widest layout, rounded up to a whole unit */
	const size_t out_width = (size_t)area->out_width;
	/* Zeros, since words at the end of a row are read whole; what is beyond the row does not reach the averages. */
	size_t beyond = 0;
	bool complete = true;
	for (size_t i = 0; i < STEPS; i++) {
		complete = complete && area_columns_make(&area->columns[i], (size_t)area->in_width, out_width, i + 1);
		beyond = max_size(beyond, area_columns_beyond(&area->columns[i]));
	}
	area->sums = calloc(row_bytes + beyond, sizeof *area->sums);
	area->lanes = malloc(AREA_LANES * out_width * sizeof *area->lanes);
	area->narrow_sums = calloc(row_bytes + beyond, sizeof *area->narrow_sums);
	area->narrow_lanes = malloc(AREA_LANES * out_width * sizeof *area->narrow_lanes);
	complete = complete && area->sums && area->lanes && area->narrow_sums && area->narrow_lanes;
	for (int i = 0; i < COMPONENTS; i++) {
		area->averages[i] = malloc(out_width * sizeof *area->averages[i]);
		complete = complete && area->averages[i];
	}
	return complete;
}

struct area *area_create(int in_width, int in_height, int out_width, int out_height)
{
	if (out_width < 1 || out_height < 1 || out_width > in_width || out_height > in_height)
		return NULL;
	struct area *area = calloc(1, sizeof *area);
	if (!area)
		return NULL;
	area->in_width = in_width;
	area->in_height = in_height;
	area->out_width = out_width;
	area->out_height = out_height;
	const int ratio = common_ratio(area);
	area->whole_ratio = area_folds((size_t)ratio) && ratio <= AREA_WHOLE_RATIO_MAX ? ratio : 0;
	area->box_ratio = ratio <= BOX_RATIO_MAX ? ratio : 0;
	if (!allocate(area)) {
		area_destroy(area);
		return NULL;
	}
	return area;
}

void area_destroy(struct area *area)
{
	if (!area)
		return;
	free(area->sums);
	free(area->lanes);
	free(area->narrow_sums);
	free(area->narrow_lanes);
	for (int i = 0; i < STEPS; i++)
		area_columns_release(&area->columns[i]);
	for (int i = 0; i < COMPONENTS; i++)
		free(area->averages[i]);
	free(area);
}

static size_t plane_row_bytes(const struct area *area, struct unit unit)
{
	return ((size_t)area->in_width + unit.columns - 1) / unit.columns * unit.bytes;
}

/* True where all components of the plane take turns in its units, so that neighbours are a unit apart. */
static bool is_uniform(const struct layout *layout, int plane)
{
	for (int i = 0; i < COMPONENTS; i++)
		if (layout->components[i].plane == plane && layout->components[i].columns != layout->units[plane].columns)
			return false;
	return true;
}

/* Where the averages of the components go whose samples colour so many columns; in the order of a unit's bytes. */
static void averages_of(const struct area *area, const struct layout *layout, int plane, size_t columns,
                        uint16_t *averages[AREA_LANES])
{
	for (int i = 0; i < COMPONENTS; i++) {
		const struct component component = layout->components[i];
		if (component.plane == plane && component.columns == columns)
			averages[component.offset] = area->averages[i];
	}
}

static void average_pixels(const struct area *area, const struct layout *layout, size_t ratio)
{
	const struct area_samples samples = { area->narrow_sums, layout->units[0].bytes, ratio, ratio };
	uint16_t *averages[AREA_LANES];
	averages_of(area, layout, 0, 1, averages);
	area_average_pixels(&samples, (size_t)area->out_width, averages);
}

/* False where the plane is of another kind. */
static bool average_straight(const struct area *area, const struct layout *layout, int plane, const uint8_t *row,
                             size_t stride)
{
	const struct unit unit = layout->units[plane];
	const struct area_box box = { row, stride, unit.bytes, (size_t)area->whole_ratio / unit.columns };
	uint16_t *averages[AREA_LANES] = { 0 };
	averages_of(area, layout, plane, unit.columns, averages);
	if (area_box(&box, (size_t)area->out_width, averages))
		return true;
	const int columns = area->whole_ratio / unit.columns, rows = area->whole_ratio / unit.rows;
	const size_t count = (size_t)area->out_width;
	if (unit.bytes == 1 && columns == 4 && rows == 4)
		area_average_4x4(row, stride, count, area->averages[plane]);
	else if (unit.bytes == 1 && columns == 2 && rows == 2)
		area_average_2x2(row, stride, count, area->averages[plane]);
	else if (unit.bytes == 2 && columns == 1 && rows == 1)
		area_split_pairs(row, count, area->averages + 1);
	else if (unit.bytes == 2 && columns == 2 && rows == 2)
		area_average_2x2_pairs(row, stride, count, area->averages + 1);
	else
		return false;
	return true;
}

static void average_plane_whole(const struct area *area, const struct image *image, int plane, size_t out_y)
{
	const struct layout *layout = &layouts[image->format];
	const struct unit unit = layout->units[plane];
	const size_t ratio = (size_t)area->whole_ratio, rows = ratio / unit.rows;
	const size_t bytes = plane_row_bytes(area, unit), stride = image->stride[plane];
	const uint8_t *row = image->plane[plane] + out_y * rows * stride;
	if (average_straight(area, layout, plane, row, stride))
		return;
	area_sum_rows(row, stride, rows, bytes, area->narrow_sums);
	if (is_rgb(image->format)) {
		average_pixels(area, layout, ratio);
		return;
	}
	area_fold(area->narrow_sums, bytes, unit.bytes, ratio / unit.columns);
	for (int i = 0; i < COMPONENTS; i++) {
		const struct component component = layout->components[i];
		const struct area_samples samples = { area->narrow_sums + component.offset, component.stride,
			                                  ratio / component.columns, rows };
		if (component.plane == plane)
			area_average_folded(&samples, (size_t)area->out_width, area->averages[i]);
	}
}

/* The components whose samples colour so many columns, from units of unit_bytes bytes. */
static void average_columns(const struct area *area, enum pixel_format format, int plane, size_t unit_bytes,
                            size_t columns, uint32_t rows_total, bool narrow)
{
	const struct area_columns *with = &area->columns[columns - 1];
	const size_t count = (size_t)area->out_width;
	uint16_t *averages[AREA_LANES] = { 0 };
	averages_of(area, &layouts[format], plane, columns, averages);
	if (narrow)
		area_narrow_columns(with, area->narrow_sums, unit_bytes, count, rows_total, area->narrow_lanes, averages);
	else
		area_average_columns(with, area->sums, unit_bytes, count, rows_total, is_rgb(format), area->lanes, averages);
}

static void average_plane_weighted(const struct area *area, const struct image *image, int plane, size_t out_y)
{
	const struct layout *layout = &layouts[image->format];
	const struct unit unit = layout->units[plane];
	const struct area_span span = area_span_of(out_y, (size_t)area->in_height, (size_t)area->out_height, unit.rows);
	const size_t stride = image->stride[plane], bytes = plane_row_bytes(area, unit);
	const uint8_t *row = image->plane[plane] + span.first * stride;
	const bool uniform = is_uniform(layout, plane);
	const bool narrow = area_is_narrow(&area->columns[unit.columns - 1], span.total) &&
	                    (uniform || area_is_narrow(&area->columns[0], span.total));
	if (narrow)
		area_narrow_rows(row, stride, &span, bytes, area->narrow_sums);
	else
		area_weigh_rows(row, stride, &span, bytes, area->sums);
	if (!uniform)
		average_columns(area, image->format, plane, unit.bytes / unit.columns, 1, span.total, narrow);
	average_columns(area, image->format, plane, unit.bytes, unit.columns, span.total, narrow);
}

static void average_row(const struct area *area, const struct image *image, bool whole, size_t out_y)
{
	const struct layout *layout = &layouts[image->format];
	for (int plane = 0; plane < PLANES_MAX && layout->units[plane].bytes > 0; plane++)
		if (whole)
			average_plane_whole(area, image, plane, out_y);
		else
			average_plane_weighted(area, image, plane, out_y);
}

/* False where no kernel does all at once. */
static bool make_box(const struct area *area, const struct image *image, const struct convert_matrix *matrix, int out_y,
                     uint8_t *rgb, uint64_t *sum)
{
	if (area->box_ratio == 0 || image->format == PIXEL_YUYV)
		return false;
	const size_t ratio = (size_t)area->box_ratio, y = (size_t)out_y * ratio;
	struct box_row row = {
		.format = image->format, .ratio = ratio, .odd = out_y % 2 != 0, .count = (size_t)area->out_width
	};
	for (int plane = 0; plane < PLANES_MAX && layouts[image->format].units[plane].bytes > 0; plane++) {
		row.stride[plane] = image->stride[plane];
		row.plane[plane] = image->plane[plane] + (plane > 0 ? y / 2 : y) * image->stride[plane];
	}
	return box_row(&row, matrix, rgb, sum);
}

uint64_t area_rows(struct area *area, const struct image *image, int first, int count, uint8_t *rgb)
{
	const struct convert_matrix equations = convert_matrix_of(image->matrix, image->full_range);
	const struct convert_matrix *matrix = is_rgb(image->format) ? NULL : &equations;
	const bool whole = area->whole_ratio > 0 && image->format != PIXEL_YUYV; /* whose luma is two units */
	const size_t bytes = frame_bytes(area->out_width, 1);
	uint64_t sum = 0;
	for (int y = first; y < first + count; y++, rgb += bytes) {
		if (make_box(area, image, matrix, y, rgb, &sum))
			continue;
		average_row(area, image, whole, (size_t)y);
		convert_averages(matrix, area->averages, (size_t)area->out_width, rgb);
		sum += luma_sum(rgb, bytes);
	}
	return sum;
}

uint64_t area_image(struct area *area, const struct image *image, uint8_t *rgb)
{
	return area_rows(area, image, 0, area->out_height, rgb);
}
