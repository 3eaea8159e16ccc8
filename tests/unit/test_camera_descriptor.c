/* What tells the loop to turn to the camera, on real time. */
#include <poll.h>

#include "camera_rig.h"

static bool is_readable(int fd, int timeout_ms)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	return poll(&wait, 1, timeout_ms) == 1;
}

static void test_the_descriptor_tells_of_the_backend(void **state)
{
	struct error error;

	(void)state;
	camera = camera_create_on(&fake_backend, clock_now_ns, &params, &video, &error);
	assert_non_null(camera);
	assert_int_equal(poll_once(), CAMERA_NOTHING);
	assert_false(is_readable(camera_fd(camera), 0));
	eventfd_write(fake.fd, 1);
	assert_true(is_readable(camera_fd(camera), 0));
}

static void test_the_descriptor_stays_readable_until_there_is_nothing_more(void **state)
{
	struct error error;

	(void)state;
	camera = camera_create_on(&fake_backend, clock_now_ns, &params, &video, &error);
	assert_non_null(camera);
	fake.frames = 2;
	assert_int_equal(poll_once(), CAMERA_FRAME);
	assert_true(is_readable(camera_fd(camera), 60000));
	assert_int_equal(poll_once(), CAMERA_FRAME);
	assert_true(is_readable(camera_fd(camera), 60000));
	assert_int_equal(poll_once(), CAMERA_NOTHING);
	assert_false(is_readable(camera_fd(camera), 0));
}

static void test_a_camera_that_is_too_fast_lets_the_loop_breathe(void **state)
{
	struct error error;
	int frames = 0;

	(void)state;
	camera = camera_create_on(&fake_backend, clock_now_ns, &params, &video, &error);
	assert_non_null(camera);
	fake.frames = 100;
	for (int turn = 0; turn < 25; turn++) {
		if (turn > 0)
			assert_true(is_readable(camera_fd(camera), 60000));
		int in_a_row = 0;
		while (poll_once() == CAMERA_FRAME)
			in_a_row++;
		assert_int_equal(in_a_row, 4);
		frames += in_a_row;
	}
	assert_int_equal(frames, 100);
	assert_int_equal(status_now().stalls, 0);
}

static void test_the_descriptor_tells_of_the_deadline(void **state)
{
	struct camera_params hasty = params;
	struct error error;

	(void)state;
	hasty.capture_timeout_s = 0.01;
	camera = camera_create_on(&fake_backend, clock_now_ns, &hasty, &video, &error);
	assert_non_null(camera);
	assert_true(is_readable(camera_fd(camera), 60000));
	EXPECT(CAMERA_TROUBLE);
	assert_int_equal(status_now().stalls, 1);
}

static void test_the_descriptor_tells_of_a_camera_missing_at_start(void **state)
{
	struct error error;

	(void)state;
	fake.open_rc = -ENODEV;
	camera = camera_create_on(&fake_backend, clock_now_ns, &params, &video, &error);
	assert_non_null(camera);
	assert_true(is_readable(camera_fd(camera), 60000));
	EXPECT(CAMERA_TROUBLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_descriptor_tells_of_the_backend),
		TEST(test_the_descriptor_stays_readable_until_there_is_nothing_more),
		TEST(test_a_camera_that_is_too_fast_lets_the_loop_breathe),
		TEST(test_the_descriptor_tells_of_the_deadline),
		TEST(test_the_descriptor_tells_of_a_camera_missing_at_start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
