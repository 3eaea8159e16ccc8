/* What the synthetic camera does when it is asked to misbehave. */
#include "synthetic_rig.h"

static void test_a_stall_lasts_until_the_restart(void **state)
{
	(void)state;
	struct rig rig = { .params = { .lux = 400 } };
	rig_start(&rig, "stall@0.05/0.53", VIDEO);
	assert_int_equal(await_trouble(&rig), 0);
	restart_until_a_frame_comes(&rig);
	rig_end(&rig);
}

static void test_an_error_lasts_until_the_restart(void **state)
{
	(void)state;
	struct rig rig = { .params = { .lux = 400 } };
	rig_start(&rig, "error@0.05/0.53", VIDEO);
	assert_int_equal(await_trouble(&rig), -EIO);
	struct camera_frame frame;
	assert_int_equal(await(&rig, &frame), -EIO);
	restart_until_a_frame_comes(&rig);
	rig_end(&rig);
}

/* Gone is gone until it is opened anew, and the fault clock goes on over close and open: else it would vanish at each.
 */
static void test_it_vanishes_and_returns(void **state)
{
	(void)state;
	const char *faults = "vanish@0.3+0.2";
	struct rig rig = { .params = { .lux = 400 } };
	rig_start(&rig, faults, VIDEO);
	assert_int_equal(await_trouble(&rig), -ENODEV);
	usleep(250000);
	assert_int_equal(await_trouble(&rig), -ENODEV);
	rig_end(&rig);
	assert_int_equal(rig_open(&rig, faults), 0);
	assert_int_equal(BACKEND->start(rig.state, &VIDEO, NULL), 0);
	for (int64_t until_ns = clock_now_ns() + CLOCK_NS_PER_S / 2; clock_now_ns() < until_ns;) {
		struct camera_frame frame;
		assert_int_equal(await(&rig, &frame), 1);
		BACKEND->release(rig.state, &frame);
	}
	rig_end(&rig);
}

static void test_without_a_length_one_opening_fails(void **state)
{
	(void)state;
	struct rig rig = { .params = { .lux = 400 } };
	assert_int_equal(rig_open(&rig, "vanish@0"), -ENODEV);
	assert_int_equal(rig_open(&rig, "vanish@0"), 0);
	BACKEND->close(rig.state);
}

static bool is_odd(const struct camera_frame *frame)
{
	return frame->image.width != WIDTH || frame->image.height != HEIGHT || fabs(frame_mean(frame) - 100) > 8;
}

/* With a fixed exposure, as automatic exposure would be misled by them. One fault at a time: on a slow machine two
 * could meet in one frame. */
static void test_odd_frames_come_once(void **state)
{
	(void)state;
	const char *const faults[] = { "black@0.01", "white@0.01", "garbage@0.01" };
	for (int i = 0; i < 3; i++) {
		struct rig rig = { .params = { .lux = 400 } };
		rig_start(&rig, faults[i], (struct camera_mode){ .still = true, .exposure_us = 2000, .gain = 5 });
		int odd = 0;
		for (int after = 0; after<20; after += odd> 0) {
			struct camera_frame frame;
			assert_int_equal(await(&rig, &frame), 1);
			if (is_odd(&frame)) {
				odd++;
				assert_true(i != 0 || frame_mean(&frame) < 20);
				assert_true(i != 1 || frame_mean(&frame) > 220);
				assert_true(i != 2 || frame.image.width != WIDTH);
			}
			BACKEND->release(rig.state, &frame);
		}
		assert_int_equal(odd, 1);
		rig_end(&rig);
	}
}

/* A start that takes long uses up nothing of what is planned: the first picture is at 0 s. */
static void test_its_clock_stands_still_until_somebody_looks(void **state)
{
	(void)state;
	struct rig rig = { .params = { .lux = 400 } };
	struct camera_frame frame;
	rig_start(&rig, "garbage@1+1000", VIDEO);
	usleep(1100000);
	assert_int_equal(await(&rig, &frame), 1);
	assert_int_equal(frame.image.width, WIDTH);
	BACKEND->release(rig.state, &frame);
	do {
		assert_int_equal(await(&rig, &frame), 1);
		BACKEND->release(rig.state, &frame);
	} while (frame.image.width == WIDTH);
	rig_end(&rig);
}

static void test_slow_is_a_fifth_of_the_rate(void **state)
{
	(void)state;
	struct rig rig = { .params = { .lux = 400, .framerate = 100 } };
	rig_start(&rig, "slow@0+1000", VIDEO);
	int64_t last_ns = 0;
	for (int i = 0; i < 5; i++) {
		struct camera_frame frame;
		assert_int_equal(await(&rig, &frame), 1);
		/* Exposures may differ by a frame's time as the automatics settle. */
		if (i > 0)
			assert_true(frame.timestamp_ns - last_ns > 40 * CLOCK_NS_PER_MS);
		last_ns = frame.timestamp_ns;
		BACKEND->release(rig.state, &frame);
	}
	rig_end(&rig);
}

static void test_bad_faults_are_refused(void **state)
{
	(void)state;
	struct rig rig = { .params = { .lux = 400 } };
	struct error error = { 0 };
	rig.params.framerate = 10;
	rig.params.width = WIDTH;
	rig.params.height = HEIGHT;
	rig.params.faults = "stall@soon";
	assert_int_equal(BACKEND->open(&rig.params, &rig.state, &rig.description, &error), -EINVAL);
	assert_non_null(strstr(error.text, "stall@soon"));
	BACKEND->close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_stall_lasts_until_the_restart),
		cmocka_unit_test(test_an_error_lasts_until_the_restart),
		cmocka_unit_test(test_it_vanishes_and_returns),
		cmocka_unit_test(test_without_a_length_one_opening_fails),
		cmocka_unit_test(test_odd_frames_come_once),
		cmocka_unit_test(test_its_clock_stands_still_until_somebody_looks),
		cmocka_unit_test(test_slow_is_a_fifth_of_the_rate),
		cmocka_unit_test(test_bad_faults_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
