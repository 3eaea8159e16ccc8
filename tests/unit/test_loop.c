#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/loop.h"

struct fixture {
	struct loop *loop;
	int pipes[2][2];
	struct loop_watch *watches[2];
	int calls[2];
	uint32_t events;
};

static struct loop *signalled_loop;

static void fixture_open(struct fixture *fixture)
{
	memset(fixture, 0, sizeof *fixture);
	fixture->loop = loop_create(NULL);
	assert_non_null(fixture->loop);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pipe(fixture->pipes[i]), 0);
}

static void fixture_close(struct fixture *fixture)
{
	loop_destroy(fixture->loop);
	for (int i = 0; i < 2; i++) {
		close(fixture->pipes[i][0]);
		close(fixture->pipes[i][1]);
	}
}

static void read_and_stop(void *data, uint32_t events)
{
	struct fixture *fixture = data;
	char byte;
	assert_int_equal(read(fixture->pipes[0][0], &byte, 1), 1);
	fixture->calls[0]++;
	fixture->events = events;
	loop_stop(fixture->loop);
}

static void test_calls_back_when_readable(void **state)
{
	(void)state;
	struct fixture fixture;
	fixture_open(&fixture);
	assert_non_null(loop_add(fixture.loop, fixture.pipes[0][0], EPOLLIN, read_and_stop, &fixture));
	assert_int_equal(write(fixture.pipes[0][1], "x", 1), 1);
	assert_int_equal(loop_run(fixture.loop), 0);
	assert_int_equal(fixture.calls[0], 1);
	assert_int_equal(fixture.events, EPOLLIN);
	fixture_close(&fixture);
}

static void test_stop_before_run_returns_at_once(void **state)
{
	(void)state;
	struct fixture fixture;
	fixture_open(&fixture);
	loop_stop(fixture.loop);
	loop_stop(fixture.loop);
	assert_int_equal(loop_run(fixture.loop), 0);

	/* It was used up: the next run needs a stop of its own. */
	assert_non_null(loop_add(fixture.loop, fixture.pipes[0][0], EPOLLIN, read_and_stop, &fixture));
	assert_int_equal(write(fixture.pipes[0][1], "x", 1), 1);
	assert_int_equal(loop_run(fixture.loop), 0);
	assert_int_equal(fixture.calls[0], 1);
	fixture_close(&fixture);
}

static void remove_both(struct fixture *fixture, int me)
{
	fixture->calls[me]++;
	loop_remove(fixture->watches[0]);
	loop_remove(fixture->watches[1]);
	loop_stop(fixture->loop);
}

static void remove_both_as_first(void *data, uint32_t events)
{
	(void)events;
	remove_both(data, 0);
}

static void remove_both_as_second(void *data, uint32_t events)
{
	(void)events;
	remove_both(data, 1);
}

/* Both are ready in the same batch; whichever is called first removes itself and the other, which must stay silent. */
static void test_removal_within_a_callback_silences_at_once(void **state)
{
	(void)state;
	struct fixture fixture;
	fixture_open(&fixture);
	fixture.watches[0] = loop_add(fixture.loop, fixture.pipes[0][0], EPOLLIN, remove_both_as_first, &fixture);
	fixture.watches[1] = loop_add(fixture.loop, fixture.pipes[1][0], EPOLLIN, remove_both_as_second, &fixture);
	assert_int_equal(write(fixture.pipes[0][1], "x", 1), 1);
	assert_int_equal(write(fixture.pipes[1][1], "x", 1), 1);
	assert_int_equal(loop_run(fixture.loop), 0);
	assert_int_equal(fixture.calls[0] + fixture.calls[1], 1);
	fixture_close(&fixture);
}

static void add_another(void *data, uint32_t events)
{
	(void)events;
	struct fixture *fixture = data;
	loop_remove(fixture->watches[1]);
	fixture->watches[1] = NULL;
	assert_non_null(loop_add(fixture->loop, fixture->pipes[0][0], EPOLLIN, read_and_stop, fixture));
}

static void test_a_callback_may_add_watches(void **state)
{
	(void)state;
	struct fixture fixture;
	fixture_open(&fixture);
	fixture.watches[1] = loop_add(fixture.loop, fixture.pipes[1][0], EPOLLIN, add_another, &fixture);
	assert_int_equal(write(fixture.pipes[0][1], "x", 1), 1);
	assert_int_equal(write(fixture.pipes[1][1], "x", 1), 1);
	assert_int_equal(loop_run(fixture.loop), 0);
	assert_int_equal(fixture.calls[0], 1);
	fixture_close(&fixture);
}

static void test_change_selects_the_events(void **state)
{
	(void)state;
	struct fixture fixture;
	fixture_open(&fixture);
	struct loop_watch *watch = loop_add(fixture.loop, fixture.pipes[0][0], 0, read_and_stop, &fixture);
	assert_int_equal(write(fixture.pipes[0][1], "x", 1), 1);
	loop_stop(fixture.loop);
	assert_int_equal(loop_run(fixture.loop), 0);
	assert_int_equal(fixture.calls[0], 0);
	assert_int_equal(loop_change(watch, EPOLLIN), 0);
	assert_int_equal(loop_run(fixture.loop), 0);
	assert_int_equal(fixture.calls[0], 1);
	fixture_close(&fixture);
}

static void count_ticks(void *data, uint32_t times)
{
	struct fixture *fixture = data;
	fixture->calls[0] += (int)times;
	if (fixture->calls[0] >= 3)
		loop_stop(fixture->loop);
}

static void test_a_timer_repeats(void **state)
{
	(void)state;
	struct fixture fixture;
	fixture_open(&fixture);
	struct loop_watch *timer = loop_add_timer(fixture.loop, count_ticks, &fixture);
	int64_t start = clock_now_ns();
	assert_int_equal(loop_set_timer(timer, CLOCK_NS_PER_MS, CLOCK_NS_PER_MS), 0);
	assert_int_equal(loop_run(fixture.loop), 0);
	assert_true(fixture.calls[0] >= 3);
	assert_true(clock_now_ns() - start >= 3 * CLOCK_NS_PER_MS);
	fixture_close(&fixture);
}

static void tick_once(void *data, uint32_t times)
{
	struct fixture *fixture = data;
	fixture->calls[1] += (int)times;
}

static void test_a_timer_fires_once_and_can_be_stopped(void **state)
{
	(void)state;
	struct fixture fixture;
	fixture_open(&fixture);
	struct loop_watch *once = loop_add_timer(fixture.loop, tick_once, &fixture);
	struct loop_watch *never = loop_add_timer(fixture.loop, tick_once, &fixture);
	struct loop_watch *end = loop_add_timer(fixture.loop, count_ticks, &fixture);
	assert_int_equal(loop_set_timer(once, 1, 0), 0);
	assert_int_equal(loop_set_timer(never, 1, 0), 0);
	assert_int_equal(loop_set_timer(never, 0, 0), 0);
	assert_int_equal(loop_set_timer(end, 5 * CLOCK_NS_PER_MS, 5 * CLOCK_NS_PER_MS), 0);
	assert_int_equal(loop_run(fixture.loop), 0);
	assert_int_equal(fixture.calls[1], 1);
	fixture_close(&fixture);
}

static void *stop_from_elsewhere(void *loop)
{
	loop_stop(loop);
	return NULL;
}

static void test_another_thread_can_stop_it(void **state)
{
	(void)state;
	struct fixture fixture;
	fixture_open(&fixture);
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, stop_from_elsewhere, fixture.loop), 0);
	assert_int_equal(loop_run(fixture.loop), 0);
	pthread_join(thread, NULL);
	fixture_close(&fixture);
}

static void stop_on_signal(int number)
{
	(void)number;
	loop_stop(signalled_loop);
}

static void raise_signal(void *data, uint32_t events)
{
	(void)data;
	(void)events;
	raise(SIGUSR1);
}

static void test_a_signal_handler_can_stop_it(void **state)
{
	(void)state;
	struct fixture fixture;
	fixture_open(&fixture);
	signalled_loop = fixture.loop;
	struct sigaction action = { .sa_handler = stop_on_signal }, old;
	assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
	struct loop_watch *timer = loop_add_timer(fixture.loop, raise_signal, NULL);
	assert_int_equal(loop_set_timer(timer, 1, 0), 0);
	assert_int_equal(loop_run(fixture.loop), 0);
	sigaction(SIGUSR1, &old, NULL);
	fixture_close(&fixture);
}

static void test_a_descriptor_that_cannot_be_watched_is_refused(void **state)
{
	(void)state;
	struct fixture fixture;
	fixture_open(&fixture);
	assert_null(loop_add(fixture.loop, -1, EPOLLIN, read_and_stop, &fixture));
	assert_int_equal(errno, EBADF);
	fixture_close(&fixture);
	loop_destroy(NULL);
	loop_remove(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls_back_when_readable),
		cmocka_unit_test(test_stop_before_run_returns_at_once),
		cmocka_unit_test(test_removal_within_a_callback_silences_at_once),
		cmocka_unit_test(test_a_callback_may_add_watches),
		cmocka_unit_test(test_change_selects_the_events),
		cmocka_unit_test(test_a_timer_repeats),
		cmocka_unit_test(test_a_timer_fires_once_and_can_be_stopped),
		cmocka_unit_test(test_another_thread_can_stop_it),
		cmocka_unit_test(test_a_signal_handler_can_stop_it),
		cmocka_unit_test(test_a_descriptor_that_cannot_be_watched_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
