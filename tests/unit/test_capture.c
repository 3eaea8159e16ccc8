/* What becomes of the frames that a camera gives: the ring, sizes, the pace, the mark of the night. */
#include "capture_rig.h"

static void test_frames_become_the_past(void **state)
{
	(void)state;
	begin(100);
	give(3);
	struct capture_status now = status();
	assert_int_equal(now.frames, 3);
	assert_int_equal(now.newest.id, 3);
	assert_true(now.newest.mean == 50);
	assert_true(now.newest.gain == 2);
	assert_int_equal(now.rejected + now.dropped + now.skipped, 0);
	assert_int_equal(now.camera.state, CAMERA_RUNNING);
	give(20);
	struct frame_ring_status past;
	frame_ring_status(ring, &past);
	assert_int_equal(past.filled, SLOTS);
	assert_int_equal(past.committed, 23);
	assert_true(status().late_p50_ms >= 0 && status().late_p999_ms >= status().late_p50_ms);
}

static void test_pictures_of_a_wrong_size_are_not_taken(void **state)
{
	(void)state;
	begin(100);
	give(2);
	fake.width = WIDTH / 2;
	give(3);
	assert_int_equal(status().rejected, 3);
	assert_int_equal(status().frames, 2);
	fake.width = WIDTH;
	give(1);
	assert_int_equal(status().rejected, 3);
	assert_int_equal(status().frames, 3);
	assert_int_equal(status().newest.id, 3);
}

static void test_a_camera_of_another_size_is_fitted_in(void **state)
{
	(void)state;
	fake.open_width = fake.width = 2 * WIDTH;
	fake.open_height = fake.height = 2 * HEIGHT;
	begin(100);
	give(2);
	assert_int_equal(status().frames, 2);
	assert_true(status().newest.mean == 50);
}

static void test_a_smaller_camera_than_the_ring_is_enlarged(void **state)
{
	(void)state;
	fake.open_width = fake.width = WIDTH / 2;
	fake.open_height = fake.height = HEIGHT / 2;
	begin(100);
	give(2);
	assert_int_equal(status().frames, 2);
	assert_true(status().newest.mean == 50);
}

static void test_a_pace_lets_frames_go(void **state)
{
	(void)state;
	begin(100);
	give(1);
	capture_set_pace(capture, INT64_MAX, "memory is short");
	give(4);
	assert_int_equal(status().frames, 1);
	assert_int_equal(status().skipped, 4);
	capture_set_pace(capture, 0, "");
	give(2);
	assert_int_equal(status().frames, 3);
}

/* One frame of this exposure. Is it marked as a night frame? */
static bool is_night(double exposure_us, double gain)
{
	fake.exposure_us = exposure_us;
	fake.gain = gain;
	give(1);
	return status().newest.night;
}

static void test_a_frame_is_marked_by_its_own_exposure(void **state)
{
	(void)state;
	night_threshold = 60;
	begin(1000);
	assert_false(is_night(2000, 2)); /* decides */
	assert_true(status().night.night);
	assert_false(is_night(2000, 2)); /* these were under way */
	assert_false(is_night(2000, 2));
	assert_true(is_night(1000, 1));
	memset(pixels, 200, sizeof pixels);
	for (int i = 0; i < 500 && status().night.night; i++)
		assert_true(is_night(1000, 1));
	assert_false(status().night.night);
	assert_true(is_night(1000, 1));
	assert_false(is_night(500, 1));
	assert_false(is_night(1000, 1)); /* automatic exposure may come to be that of the night */
}

static void test_a_camera_that_does_not_change_is_believed_in_the_end(void **state)
{
	(void)state;
	night_threshold = 60;
	begin(1000);
	int frames = 0;
	while (!is_night(2000, 2) && frames < 100)
		frames++;
	assert_in_range(frames, 2, 20);
}

static void test_unknown_exposures_are_marked_by_their_time(void **state)
{
	(void)state;
	night_threshold = 60;
	begin(1000);
	assert_false(is_night(0, 0));
	assert_true(is_night(0, 0)); /* begun after the camera was asked */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CAPTURE(test_frames_become_the_past),
		CAPTURE(test_pictures_of_a_wrong_size_are_not_taken),
		CAPTURE(test_a_camera_of_another_size_is_fitted_in),
		CAPTURE(test_a_smaller_camera_than_the_ring_is_enlarged),
		CAPTURE(test_a_pace_lets_frames_go),
		CAPTURE(test_a_frame_is_marked_by_its_own_exposure),
		CAPTURE(test_a_camera_that_does_not_change_is_believed_in_the_end),
		CAPTURE(test_unknown_exposures_are_marked_by_their_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
