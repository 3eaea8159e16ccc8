/* A picture of three bars, exported into a scratch folder. */
#ifndef PASTCAM_TEST_EXPORT_RIG_H
#define PASTCAM_TEST_EXPORT_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "export/export.h"
#include "scratch.h"

enum { WIDTH = 64, HEIGHT = 48, ALL = EXPORT_JPG | EXPORT_PNG | EXPORT_NPY };

/* 2026-11-21 00:44:01.042 UTC */
static const int64_t wall_ns = INT64_C(1795221841042000000);

static char folder[SCRATCH_BYTES];
static uint8_t rgb[WIDTH * HEIGHT * 3];
static const struct picture picture = {
	.rgb = rgb,
	.width = WIDTH,
	.height = HEIGHT,
	.frame_id = 42,
	.wall_ns = wall_ns,
	.clock_synchronised = true,
	.exposure_us = 12500,
	.gain = 2.5,
	.mean = 85,
	.stacked = 1,
	.camera_model = "imx219",
};

/* Three bars: red, green, blue. */
static inline int set_up(void **state)
{
	(void)state;
	memset(rgb, 0, sizeof rgb);
	for (size_t i = 0; i < WIDTH * HEIGHT; i++)
		rgb[3 * i + 3 * (i % WIDTH) / WIDTH] = 255;
	scratch_make(folder);
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	scratch_remove(folder);
	return 0;
}

static inline int export_to(const char *base_dir, const struct picture *what, unsigned formats,
                            struct export_result *result, struct error *error)
{
	const struct export_params params = { .base_dir = base_dir, .jpg_quality = 95 };
	return export_picture(&params, NULL, what, formats, result, error);
}

static inline void export_one(const struct picture *what, unsigned format, struct export_result *result)
{
	assert_int_equal(export_to(folder, what, format, result, NULL), 0);
	assert_int_equal(result->count, 1);
}

static inline void assert_name(const struct export_result *result, size_t index, const char *name)
{
	char path[FSIO_PATH_BYTES];

	assert_true(index < result->count);
	assert_true(snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path);
	assert_string_equal(result->paths[index], path);
	assert_true(export_is_own_name(name));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
