/* What capture tells: a camera that comes, goes or is lost, and the night. */
#include "capture_rig.h"

static void test_a_lost_camera_is_reported_once(void **state)
{
	(void)state;
	camera_params.lost_after_s = 0.03;
	begin(1000);
	give(1);
	fake.broken = true;
	fake.open_rc = -ENODEV;
	(void)!write(fake.fd, &(uint64_t){ 1 }, sizeof(uint64_t));
	while (lost == 0)
		run(10);
	run(50);
	assert_int_equal(lost, 1);
}

/* The events so far are those types. */
static void assert_events(size_t count, const enum event_type *types, struct event *last)
{
	struct event events[8];
	uint64_t cursor = 1;
	assert_int_equal(event_log_read(event_log, &cursor, events, 8), count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(event_type_text(events[i].type), event_type_text(types[i]));
	*last = events[count - 1];
}

static void test_a_camera_that_comes_and_goes_is_told_once_each(void **state)
{
	(void)state;
	const enum event_type types[] = { EVENT_CAMERA_UP, EVENT_CAMERA_DOWN, EVENT_CAMERA_UP };
	struct event last;
	begin(1000);
	give(1);
	assert_events(1, types, &last);
	assert_string_equal(last.label, "fake");
	fake.broken = true;
	(void)!write(fake.fd, &(uint64_t){ 1 }, sizeof(uint64_t));
	while (status().camera.state == CAMERA_RUNNING)
		run(5);
	assert_events(2, types, &last);
	assert_non_null(strstr(last.reason, "unplugged"));
	fake.broken = false;
	while (status().camera.reopens == 0)
		run(20);
	give(1);
	assert_events(3, types, &last);
}

static void test_a_camera_that_was_never_there_is_told_once(void **state)
{
	(void)state;
	struct event last;
	fake.open_rc = -ENODEV;
	begin(1000);
	run(20);
	assert_events(1, (const enum event_type[]){ EVENT_CAMERA_DOWN }, &last);
	assert_string_equal(last.reason, "it is not plugged in");
}

static void test_the_night_is_told_with_the_frame_that_decided(void **state)
{
	(void)state;
	struct event last;
	night_threshold = 60; /* brighter than the pictures */
	begin(1000);
	give(1);
	assert_events(2, (const enum event_type[]){ EVENT_CAMERA_UP, EVENT_NIGHT_ENTER }, &last);
	assert_int_equal(last.frame_id, 1);
	assert_int_equal(last.monotonic_ns, status().newest.timestamp_ns);
	assert_true(last.score < 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CAPTURE(test_a_lost_camera_is_reported_once),
		CAPTURE(test_a_camera_that_comes_and_goes_is_told_once_each),
		CAPTURE(test_a_camera_that_was_never_there_is_told_once),
		CAPTURE(test_the_night_is_told_with_the_frame_that_decided),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
