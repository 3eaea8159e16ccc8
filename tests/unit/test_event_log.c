#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "store/event_log.h"

enum { CAPACITY = 8 };

static int make_log(void **state)
{
	*state = event_log_create(CAPACITY, "front", NULL);
	return *state ? 0 : -1;
}

static int destroy_log(void **state)
{
	event_log_destroy(*state);
	return 0;
}

static void publish(struct event_log *log, int times)
{
	for (int i = 0; i < times; i++)
		event_log_publish(log, &(struct event){ .type = EVENT_TRIGGER, .frame_id = (uint64_t)i + 1 });
}

static bool is_readable(struct event_log *log)
{
	struct pollfd entry = { .fd = event_log_fd(log), .events = POLLIN };
	return poll(&entry, 1, 0) == 1;
}

static void test_an_event_is_read_as_it_was_published(void **state)
{
	struct event event = { .type = EVENT_CLIP_END, .id = 7, .duration_s = 2.5, .label = "door", .path = "/a/b.mp4" };
	struct event got[2];
	uint64_t cursor = event_log_end(*state);
	int64_t before_ns = clock_now_ns();

	event_log_publish(*state, &event);
	assert_int_equal(event_log_read(*state, &cursor, got, 2), 1);
	assert_int_equal(got[0].number, 1);
	assert_in_range(got[0].monotonic_ns, before_ns, clock_now_ns());
	assert_true(got[0].wall_ns > 0);
	event.number = got[0].number;
	event.monotonic_ns = got[0].monotonic_ns;
	event.wall_ns = got[0].wall_ns;
	assert_memory_equal(&got[0], &event, sizeof event);
	assert_int_equal(event_log_read(*state, &cursor, got, 2), 0);
}

static void test_a_time_that_is_given_stays(void **state)
{
	struct event got;
	uint64_t cursor = 1;

	event_log_publish(*state, &(struct event){ .type = EVENT_TRIGGER, .monotonic_ns = 5, .wall_ns = 6 });
	assert_int_equal(event_log_read(*state, &cursor, &got, 1), 1);
	assert_int_equal(got.monotonic_ns, 5);
	assert_int_equal(got.wall_ns, 6);
}

static void test_the_wall_time_is_that_of_the_moment(void **state)
{
	struct event got;
	uint64_t cursor = 1;
	int64_t moment_ns = clock_now_ns() - CLOCK_NS_PER_S;

	event_log_publish(*state, &(struct event){ .type = EVENT_TRIGGER, .monotonic_ns = moment_ns });
	assert_int_equal(event_log_read(*state, &cursor, &got, 1), 1);
	assert_true(clock_wall_ns() - got.wall_ns >= CLOCK_NS_PER_S);
}

static void test_what_is_overwritten_is_told_with_its_number(void **state)
{
	struct event got[CAPACITY + 2];
	uint64_t cursor = event_log_end(*state);

	publish(*state, CAPACITY + 3);
	assert_int_equal(event_log_read(*state, &cursor, got, CAPACITY + 2), CAPACITY + 1);
	assert_int_equal(got[0].type, EVENT_LOST);
	assert_int_equal(got[0].count, 3);
	assert_int_equal(got[0].number, 3);
	for (uint64_t i = 1; i <= CAPACITY; i++)
		assert_int_equal(got[i].number, i + 3);
	assert_int_equal(event_log_read(*state, &cursor, got, CAPACITY), 0);
}

static void test_a_full_log_that_was_read_has_lost_nothing(void **state)
{
	struct event got[CAPACITY + 1];
	uint64_t cursor = event_log_end(*state);

	for (int round = 0; round < 3; round++) {
		publish(*state, CAPACITY);
		assert_int_equal(event_log_read(*state, &cursor, got, CAPACITY + 1), CAPACITY);
		assert_int_equal(got[0].type, EVENT_TRIGGER);
	}
}

static void test_since_goes_on_after_the_event_it_names(void **state)
{
	char id[EVENT_ID_BYTES];
	struct event got;
	uint64_t cursor;

	publish(*state, 5);
	event_log_id(*state, 3, id);
	assert_int_equal(event_log_find(*state, id, &cursor), 0);
	assert_int_equal(event_log_read(*state, &cursor, &got, 1), 1);
	assert_int_equal(got.number, 4);
	event_log_id(*state, 0, id);
	assert_int_equal(event_log_find(*state, id, &cursor), 0);
	assert_int_equal(cursor, 1);
}

static void test_since_an_event_that_is_gone_tells_how_many_are_lost(void **state)
{
	char id[EVENT_ID_BYTES];
	struct event got;
	uint64_t cursor;

	publish(*state, CAPACITY + 5);
	event_log_id(*state, 2, id);
	assert_int_equal(event_log_find(*state, id, &cursor), 0);
	assert_int_equal(event_log_read(*state, &cursor, &got, 1), 1);
	assert_int_equal(got.type, EVENT_LOST);
	assert_int_equal(got.count, 3);
}

static void test_since_an_event_of_another_life_gets_all_that_is_kept(void **state)
{
	char id[EVENT_ID_BYTES];
	struct event got[4];
	uint64_t cursor;
	struct event_log *other = event_log_create(1, "", NULL);

	assert_non_null(other);
	event_log_id(other, 2, id);
	event_log_destroy(other);
	publish(*state, 2);
	assert_int_equal(event_log_find(*state, id, &cursor), 0);
	assert_int_equal(event_log_read(*state, &cursor, got, 4), 3);
	assert_int_equal(got[0].type, EVENT_LOST);
	assert_true(got[0].count == EVENT_COUNT_UNKNOWN);
	assert_int_equal(got[0].number, 0);
	assert_int_equal(got[1].number, 1);
}

static void test_what_is_no_id_is_refused(void **state)
{
	static const char *const wrong[] = { "",
		                                 "-",
		                                 "7",
		                                 "0123456789ab",
		                                 "0123456789ab-",
		                                 "0123456789ab-1x",
		                                 "0123456789ab--1",
		                                 "0123456789ab-+1",
		                                 "0123456789ab- 1",
		                                 "0123456789AB-1",
		                                 "0123456789abc-1",
		                                 "0123456789ab-99999999999999999999" };
	char id[EVENT_ID_BYTES];
	uint64_t cursor;

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_int_equal(event_log_find(*state, wrong[i], &cursor), -EINVAL);
	event_log_id(*state, 1, id); /* still to come */
	assert_int_equal(event_log_find(*state, id, &cursor), -EINVAL);
}

static void test_the_descriptor_wakes_until_it_is_acknowledged(void **state)
{
	assert_false(is_readable(*state));
	publish(*state, 3);
	assert_true(is_readable(*state));
	event_log_acknowledge(*state);
	assert_false(is_readable(*state));
	event_log_acknowledge(*state);
	publish(*state, 1);
	assert_true(is_readable(*state));
}

static void test_without_a_log_nothing_happens(void **state)
{
	(void)state;
	event_log_publish(NULL, &(struct event){ .type = EVENT_BOOT });
	event_log_destroy(NULL);
}

static void test_texts_are_cut_between_characters(void **state)
{
	struct event event = { .type = EVENT_TRIGGER };
	char path[EVENT_PATH_BYTES + 1];
	(void)state;

	event_set_text(event.zone, 4, "ab\xc3\xa9");
	assert_string_equal(event.zone, "ab");
	event_set_text(event.zone, 5, "ab\xc3\xa9");
	assert_string_equal(event.zone, "ab\xc3\xa9");
	event_set_text(event.zone, sizeof event.zone, NULL);
	assert_string_equal(event.zone, "");
	memset(path, 'x', sizeof path);
	path[EVENT_PATH_BYTES] = '\0';
	event_set_path(&event, path);
	assert_string_equal(event.path, "");
	path[EVENT_PATH_BYTES - 1] = '\0';
	event_set_path(&event, path);
	assert_string_equal(event.path, path);
}

static void test_each_type_has_a_name(void **state)
{
	(void)state;
	for (int one = 0; one < EVENT_TYPES; one++) {
		assert_non_null(event_type_text((enum event_type)one));
		for (int other = 0; other < one; other++)
			assert_string_not_equal(event_type_text((enum event_type)one), event_type_text((enum event_type)other));
	}
}

enum { PUBLISHERS = 3, EACH = 2000 };

static void *publish_many(void *log)
{
	publish(log, EACH);
	return NULL;
}

/* A reader gets every event or is told that it is lost, in order, whoever publishes meanwhile. */
static void test_all_are_read_or_told_lost_with_several_publishers(void **state)
{
	pthread_t thread[PUBLISHERS];
	struct event got[3];
	uint64_t cursor = 1, accounted = 0;

	for (int i = 0; i < PUBLISHERS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, publish_many, *state), 0);
	while (accounted < PUBLISHERS * EACH) {
		struct pollfd entry = { .fd = event_log_fd(*state), .events = POLLIN };
		assert_int_equal(poll(&entry, 1, 10000), 1);
		event_log_acknowledge(*state);
		for (size_t count; (count = event_log_read(*state, &cursor, got, 3)) > 0;)
			for (size_t i = 0; i < count; i++) {
				accounted += got[i].type == EVENT_LOST ? got[i].count : 1;
				assert_int_equal(got[i].number, accounted);
			}
	}
	for (int i = 0; i < PUBLISHERS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(accounted, PUBLISHERS * EACH);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_log, destroy_log)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_an_event_is_read_as_it_was_published),
		TEST(test_a_time_that_is_given_stays),
		TEST(test_the_wall_time_is_that_of_the_moment),
		TEST(test_what_is_overwritten_is_told_with_its_number),
		TEST(test_a_full_log_that_was_read_has_lost_nothing),
		TEST(test_since_goes_on_after_the_event_it_names),
		TEST(test_since_an_event_that_is_gone_tells_how_many_are_lost),
		TEST(test_since_an_event_of_another_life_gets_all_that_is_kept),
		TEST(test_what_is_no_id_is_refused),
		TEST(test_the_descriptor_wakes_until_it_is_acknowledged),
		TEST(test_without_a_log_nothing_happens),
		TEST(test_texts_are_cut_between_characters),
		TEST(test_each_type_has_a_name),
		TEST(test_all_are_read_or_told_lost_with_several_publishers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
