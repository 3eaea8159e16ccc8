/* What tells the loop to turn to the camera, on real time. */
#include <poll.h>
#include <sys/timerfd.h>

#include "camera/camera_private.h"
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
	enum camera_event event;
	while ((event = poll_once()) == CAMERA_NOTHING)
		assert_true(is_readable(camera_fd(camera), 60000));
	assert_int_equal(event, CAMERA_TROUBLE);
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

/* Until the descriptor becomes readable by itself. */
static int64_t left_ns(void)
{
	struct itimerspec left;

	assert_int_equal(timerfd_gettime(camera->timer, &left), 0);
	return left.it_value.tv_sec * CLOCK_NS_PER_S + left.it_value.tv_nsec;
}

static void test_frames_in_time_are_all_there_is_to_wake_up_for(void **state)
{
	struct camera_params slow = params;
	struct error error;

	(void)state;
	slow.framerate = 5;
	camera = camera_create_on(&fake_backend, fake_now, &slow, &video, &error);
	assert_non_null(camera);
	fake.frames = 1;
	assert_int_equal(poll_once(), CAMERA_FRAME);
	assert_int_equal(poll_once(), CAMERA_NOTHING);
	assert_in_range(left_ns(), CLOCK_NS_PER_S / 5 + 1, 3 * CLOCK_NS_PER_S / 10);
	/* Late, and from here on the clock is read in time. */
	assert_int_equal(poll_once(), CAMERA_NOTHING);
	assert_in_range(left_ns(), 1, CLOCK_AWAKE_TICK_NS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_descriptor_tells_of_the_backend),
		TEST(test_the_descriptor_stays_readable_until_there_is_nothing_more),
		TEST(test_a_camera_that_is_too_fast_lets_the_loop_breathe),
		TEST(test_the_descriptor_tells_of_the_deadline),
		TEST(test_the_descriptor_tells_of_a_camera_missing_at_start),
		TEST(test_frames_in_time_are_all_there_is_to_wake_up_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
