#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "camera/libcamera/plane_layout.h"

static void test_packed_formats_are_one_plane(void **state)
{
	struct plane_layout layout = plane_layout_of(PIXEL_RGB, 1000, 200, 200000);

	(void)state;
	assert_int_equal(layout.count, 1);
	assert_int_equal(layout.offset[0], 0);
	assert_int_equal(layout.stride[0], 1000);
	assert_int_equal(layout.length[0], 200000);
	assert_int_equal(layout.bytes, 200000);
}

static void test_nv12_has_chroma_pairs_behind_luma(void **state)
{
	struct plane_layout layout = plane_layout_of(PIXEL_NV12, 320, 240, 320 * 240 * 3 / 2);

	(void)state;
	assert_int_equal(layout.count, 2);
	assert_int_equal(layout.offset[1], 320 * 240);
	assert_int_equal(layout.stride[1], 320);
	assert_int_equal(layout.length[1], 320 * 120);
	assert_int_equal(layout.bytes, 320 * 240 * 3 / 2);
}

static void test_yuv420_has_two_chroma_planes(void **state)
{
	struct plane_layout layout = plane_layout_of(PIXEL_YUV420, 384, 101, 0);

	(void)state;
	assert_int_equal(layout.count, 3);
	assert_int_equal(layout.stride[1], 192);
	assert_int_equal(layout.stride[2], 192);
	assert_int_equal(layout.offset[1], 384 * 101);
	assert_int_equal(layout.offset[2], 384 * 101 + 192 * 51);
	assert_int_equal(layout.bytes, 384 * 101 + 2 * 192 * 51);
}

static void test_what_the_driver_wants_beyond_the_pixels_joins_the_last_plane(void **state)
{
	struct plane_layout layout = plane_layout_of(PIXEL_NV12, 320, 240, 120000);

	(void)state;
	assert_int_equal(layout.bytes, 120000);
	assert_int_equal(layout.length[0] + layout.length[1], 120000);
	assert_int_equal(layout.length[0], layout.offset[1]);
}

static void test_compressed_frames_have_no_rows(void **state)
{
	struct plane_layout layout = plane_layout_of(PIXEL_RGB, 0, 0, 614400);

	(void)state;
	assert_int_equal(layout.count, 1);
	assert_int_equal(layout.length[0], 614400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packed_formats_are_one_plane),
		cmocka_unit_test(test_nv12_has_chroma_pairs_behind_luma),
		cmocka_unit_test(test_yuv420_has_two_chroma_planes),
		cmocka_unit_test(test_what_the_driver_wants_beyond_the_pixels_joins_the_last_plane),
		cmocka_unit_test(test_compressed_frames_have_no_rows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
