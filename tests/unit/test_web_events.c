#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "web/event_ring.h"

static struct event_ring ring;

static int clear(void **state)
{
	(void)state;
	event_ring_clear(&ring);
	ring = (struct event_ring){ 0 };
	return 0;
}

static void add(const char *boot, unsigned first, unsigned last)
{
	for (unsigned number = first; number <= last; number++) {
		char id[EVENT_ID_BYTES];
		snprintf(id, sizeof id, "%s-%u", boot, number);
		event_ring_add(&ring, "trigger", id, "{}");
	}
}

static const char *next(uint64_t *cursor)
{
	uint64_t lost;
	const struct event_text *text = event_ring_next(&ring, cursor, &lost);
	assert_int_equal(lost, 0);
	return text ? text->id : "none";
}

static void assert_seek(const char *id, uint64_t lost, const char *first)
{
	uint64_t cursor = 99;
	assert_true(event_ring_seek(&ring, &cursor, id) == lost);
	assert_string_equal(next(&cursor), first);
}

static void test_one_goes_on_after_the_id_that_it_has(void **state)
{
	(void)state;
	assert_seek(NULL, 0, "none");
	assert_seek("aa-1", EVENT_RING_LOST_UNKNOWN, "none");
	add("aa", 3, 5);
	assert_seek(NULL, 0, "aa-3");
	assert_seek("aa-4", 0, "aa-5");
	assert_seek("aa-5", 0, "none");
	assert_seek("aa-2", 0, "aa-3");
	assert_seek("aa-1", 1, "aa-3");
	assert_seek("aa-9", 0, "none");
	assert_seek("a-4", EVENT_RING_LOST_UNKNOWN, "aa-3");
	assert_seek("nonsense", EVENT_RING_LOST_UNKNOWN, "aa-3");
}

static void test_what_has_no_id_and_other_lives_of_the_daemon_are_passed_on(void **state)
{
	(void)state;
	add("aa", 1, 2);
	event_ring_add(&ring, "lost", "", "{}");
	add("bb", 1, 3);
	assert_seek("aa-1", 0, "aa-2");
	assert_seek("aa-2", 0, "");
	assert_seek("bb-1", 0, "bb-2");
	assert_seek("aa-7", 0, "");
}

static void test_the_oldest_make_way_and_who_has_not_read_them_is_told(void **state)
{
	(void)state;
	uint64_t cursor = 0, lost;
	add("aa", 1, EVENT_RING_ENTRIES + 3);
	assert_null(event_ring_next(&ring, &cursor, &lost));
	assert_int_equal(lost, 3);
	assert_string_equal(next(&cursor), "aa-4");
	for (unsigned i = 1; i < EVENT_RING_ENTRIES; i++)
		next(&cursor);
	assert_string_equal(next(&cursor), "none");
}

static void test_large_ones_take_the_room_of_many(void **state)
{
	(void)state;
	static char large[EVENT_RING_BYTES + 1];
	uint64_t cursor = 0, lost;
	add("aa", 1, 100);
	memset(large, 'x', EVENT_RING_BYTES / 2);
	event_ring_add(&ring, "log", "aa-101", large);
	event_ring_add(&ring, "log", "aa-102", large);
	assert_true(ring.bytes <= EVENT_RING_BYTES);
	assert_null(event_ring_next(&ring, &cursor, &lost));
	assert_int_equal(lost, 101);
	assert_string_equal(next(&cursor), "aa-102");
	memset(large, 'x', EVENT_RING_BYTES);
	event_ring_add(&ring, "log", "aa-103", large); /* larger than all of the ring */
	assert_null(event_ring_next(&ring, &cursor, &lost));
	assert_int_equal(lost, 1);
	assert_string_equal(next(&cursor), "none");
	assert_int_equal(ring.bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_one_goes_on_after_the_id_that_it_has, clear),
		cmocka_unit_test_setup(test_what_has_no_id_and_other_lives_of_the_daemon_are_passed_on, clear),
		cmocka_unit_test_setup(test_the_oldest_make_way_and_who_has_not_read_them_is_told, clear),
		cmocka_unit_test_setup_teardown(test_large_ones_take_the_room_of_many, clear, clear),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
