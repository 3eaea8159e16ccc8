#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>

#include "base/mailbox.h"
#include "base/thread.h"

enum { CAPACITY = 4 };

struct message {
	int writer, number;
};

static int make_mailbox(void **state)
{
	*state = mailbox_create(CAPACITY, sizeof(struct message), NULL);
	return *state ? 0 : -1;
}

static int destroy_mailbox(void **state)
{
	mailbox_destroy(*state);
	mailbox_destroy(NULL);
	return 0;
}

static bool put(struct mailbox *mailbox, int number)
{
	return mailbox_put(mailbox, &(struct message){ .number = number });
}

static int take(struct mailbox *mailbox)
{
	struct message message;
	return mailbox_take(mailbox, &message) ? message.number : -1;
}

static bool is_readable(const struct mailbox *mailbox)
{
	struct pollfd entry = { .fd = mailbox_fd(mailbox), .events = POLLIN };
	return poll(&entry, 1, 0) == 1;
}

static void test_messages_come_out_in_order(void **state)
{
	assert_int_equal(take(*state), -1);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < CAPACITY - 1; i++)
			assert_true(put(*state, 10 * round + i));
		for (int i = 0; i < CAPACITY - 1; i++)
			assert_int_equal(take(*state), 10 * round + i);
		assert_int_equal(take(*state), -1);
	}
}

static void test_a_full_mailbox_refuses_and_counts(void **state)
{
	for (int i = 0; i < CAPACITY; i++)
		assert_true(put(*state, i));
	assert_int_equal(mailbox_refused(*state), 0);
	assert_false(put(*state, 99));
	assert_false(put(*state, 99));
	assert_int_equal(mailbox_refused(*state), 2);
	assert_int_equal(take(*state), 0);
	assert_true(put(*state, 4));
	for (int i = 1; i <= CAPACITY; i++)
		assert_int_equal(take(*state), i);
}

static void test_the_descriptor_is_readable_until_all_is_taken(void **state)
{
	assert_false(is_readable(*state));
	put(*state, 1);
	put(*state, 2);
	assert_true(is_readable(*state));
	take(*state);
	assert_true(is_readable(*state));
	take(*state);
	assert_int_equal(take(*state), -1);
	assert_false(is_readable(*state));
	mailbox_wake(*state);
	assert_true(is_readable(*state));
	assert_int_equal(take(*state), -1);
	assert_false(is_readable(*state));
}

enum { WRITERS = 3, EACH = 5000 };

struct writer {
	struct thread thread;
	struct mailbox *mailbox;
	int index;
};

static void write_all(void *data)
{
	struct writer *writer = data;
	for (int i = 0; i < EACH; i++)
		while (!mailbox_put(writer->mailbox, &(struct message){ writer->index, i }))
			sched_yield();
}

/* Each message once, those of one writer in their order, and the reader never sleeps while one waits. */
static void test_several_writers_and_a_reader_that_waits(void **state)
{
	struct writer writers[WRITERS] = { 0 };
	int next[WRITERS] = { 0 };
	struct message message;
	for (int i = 0; i < WRITERS; i++) {
		writers[i].mailbox = *state;
		writers[i].index = i;
		assert_int_equal(thread_start(&writers[i].thread, "writer", THREAD_CONTROL, write_all, &writers[i]), 0);
	}
	for (int received = 0; received < WRITERS * EACH;) {
		mailbox_wait(*state);
		for (; mailbox_take(*state, &message); received++)
			assert_int_equal(message.number, next[message.writer]++);
	}
	for (int i = 0; i < WRITERS; i++)
		thread_join(&writers[i].thread);
	assert_false(is_readable(*state));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_mailbox, destroy_mailbox)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_messages_come_out_in_order),
		TEST(test_a_full_mailbox_refuses_and_counts),
		TEST(test_the_descriptor_is_readable_until_all_is_taken),
		TEST(test_several_writers_and_a_reader_that_waits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
