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

struct rig {
	struct loop *loop;
	int pipes[2][2];
	struct loop_watch *watches[2];
	int calls[2];
	uint32_t events;
};

static struct loop *signalled_loop;

static void rig_open(struct rig *rig)
{
	memset(rig, 0, sizeof *rig);
	rig->loop = loop_create(NULL);
	assert_non_null(rig->loop);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pipe(rig->pipes[i]), 0);
}

static void rig_close(struct rig *rig)
{
	loop_destroy(rig->loop);
	for (int i = 0; i < 2; i++) {
		close(rig->pipes[i][0]);
		close(rig->pipes[i][1]);
	}
}

static void read_and_stop(void *data, uint32_t events)
{
	struct rig *rig = data;
	char byte;
	assert_int_equal(read(rig->pipes[0][0], &byte, 1), 1);
	rig->calls[0]++;
	rig->events = events;
	loop_stop(rig->loop);
}

static void test_calls_back_when_readable(void **state)
{
	(void)state;
	struct rig rig;
	rig_open(&rig);
	assert_non_null(loop_add(rig.loop, rig.pipes[0][0], EPOLLIN, read_and_stop, &rig));
	assert_int_equal(write(rig.pipes[0][1], "x", 1), 1);
	assert_int_equal(loop_run(rig.loop), 0);
	assert_int_equal(rig.calls[0], 1);
	assert_int_equal(rig.events, EPOLLIN);
	rig_close(&rig);
}

static void test_stop_before_run_returns_at_once(void **state)
{
	(void)state;
	struct rig rig;
	rig_open(&rig);
	loop_stop(rig.loop);
	loop_stop(rig.loop);
	assert_int_equal(loop_run(rig.loop), 0);

	/* It was used up: the next run needs a stop of its own. */
	assert_non_null(loop_add(rig.loop, rig.pipes[0][0], EPOLLIN, read_and_stop, &rig));
	assert_int_equal(write(rig.pipes[0][1], "x", 1), 1);
	assert_int_equal(loop_run(rig.loop), 0);
	assert_int_equal(rig.calls[0], 1);
	rig_close(&rig);
}

static void remove_both(struct rig *rig, int me)
{
	rig->calls[me]++;
	loop_remove(rig->watches[0]);
	loop_remove(rig->watches[1]);
	loop_stop(rig->loop);
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
	struct rig rig;
	rig_open(&rig);
	rig.watches[0] = loop_add(rig.loop, rig.pipes[0][0], EPOLLIN, remove_both_as_first, &rig);
	rig.watches[1] = loop_add(rig.loop, rig.pipes[1][0], EPOLLIN, remove_both_as_second, &rig);
	assert_int_equal(write(rig.pipes[0][1], "x", 1), 1);
	assert_int_equal(write(rig.pipes[1][1], "x", 1), 1);
	assert_int_equal(loop_run(rig.loop), 0);
	assert_int_equal(rig.calls[0] + rig.calls[1], 1);
	rig_close(&rig);
}

static void add_another(void *data, uint32_t events)
{
	(void)events;
	struct rig *rig = data;
	loop_remove(rig->watches[1]);
	rig->watches[1] = NULL;
	assert_non_null(loop_add(rig->loop, rig->pipes[0][0], EPOLLIN, read_and_stop, rig));
}

static void test_a_callback_may_add_watches(void **state)
{
	(void)state;
	struct rig rig;
	rig_open(&rig);
	rig.watches[1] = loop_add(rig.loop, rig.pipes[1][0], EPOLLIN, add_another, &rig);
	assert_int_equal(write(rig.pipes[0][1], "x", 1), 1);
	assert_int_equal(write(rig.pipes[1][1], "x", 1), 1);
	assert_int_equal(loop_run(rig.loop), 0);
	assert_int_equal(rig.calls[0], 1);
	rig_close(&rig);
}

static void test_change_selects_the_events(void **state)
{
	(void)state;
	struct rig rig;
	rig_open(&rig);
	struct loop_watch *watch = loop_add(rig.loop, rig.pipes[0][0], 0, read_and_stop, &rig);
	assert_int_equal(write(rig.pipes[0][1], "x", 1), 1);
	loop_stop(rig.loop);
	assert_int_equal(loop_run(rig.loop), 0);
	assert_int_equal(rig.calls[0], 0);
	assert_int_equal(loop_change(watch, EPOLLIN), 0);
	assert_int_equal(loop_run(rig.loop), 0);
	assert_int_equal(rig.calls[0], 1);
	rig_close(&rig);
}

static void count_ticks(void *data, uint32_t times)
{
	struct rig *rig = data;
	rig->calls[0] += (int)times;
	if (rig->calls[0] >= 3)
		loop_stop(rig->loop);
}

static void test_a_timer_repeats(void **state)
{
	(void)state;
	struct rig rig;
	rig_open(&rig);
	struct loop_watch *timer = loop_add_timer(rig.loop, count_ticks, &rig);
	int64_t start = clock_now_ns();
	assert_int_equal(loop_set_timer(timer, CLOCK_NS_PER_MS, CLOCK_NS_PER_MS), 0);
	assert_int_equal(loop_run(rig.loop), 0);
	assert_true(rig.calls[0] >= 3);
	assert_true(clock_now_ns() - start >= 3 * CLOCK_NS_PER_MS);
	rig_close(&rig);
}

static void tick_once(void *data, uint32_t times)
{
	struct rig *rig = data;
	rig->calls[1] += (int)times;
}

static void test_a_timer_fires_once_and_can_be_stopped(void **state)
{
	(void)state;
	struct rig rig;
	rig_open(&rig);
	struct loop_watch *once = loop_add_timer(rig.loop, tick_once, &rig);
	struct loop_watch *never = loop_add_timer(rig.loop, tick_once, &rig);
	struct loop_watch *end = loop_add_timer(rig.loop, count_ticks, &rig);
	assert_int_equal(loop_set_timer(once, 1, 0), 0);
	assert_int_equal(loop_set_timer(never, 1, 0), 0);
	assert_int_equal(loop_set_timer(never, 0, 0), 0);
	assert_int_equal(loop_set_timer(end, 5 * CLOCK_NS_PER_MS, 5 * CLOCK_NS_PER_MS), 0);
	assert_int_equal(loop_run(rig.loop), 0);
	assert_int_equal(rig.calls[1], 1);
	rig_close(&rig);
}

static void *stop_from_elsewhere(void *loop)
{
	loop_stop(loop);
	return NULL;
}

static void count_second(void *data, uint32_t events)
{
	struct rig *rig = data;
	rig->calls[1] += (int)events;
}

static void count_second_and_stop(void *data, uint32_t events)
{
	count_second(data, events);
	loop_stop(((struct rig *)data)->loop);
}

static void must_not_come(void *data, uint32_t events)
{
	(void)data;
	(void)events;
	fail();
}

static void test_a_lazy_timer_comes_with_what_wakes_the_loop_anyway(void **state)
{
	(void)state;
	struct rig rig;
	rig_open(&rig);
	struct loop_watch *due = loop_add_timer(rig.loop, count_second, &rig);
	struct loop_watch *not_due = loop_add_timer(rig.loop, must_not_come, &rig);
	assert_non_null(loop_add(rig.loop, rig.pipes[0][0], EPOLLIN, read_and_stop, &rig));
	assert_int_equal(loop_set_lazy_timer(due, 1, 3600 * CLOCK_NS_PER_S), 0);
	assert_int_equal(loop_set_lazy_timer(not_due, 3600 * CLOCK_NS_PER_S, 1), 0);
	assert_int_equal(write(rig.pipes[0][1], "x", 1), 1);
	assert_int_equal(loop_run(rig.loop), 0);
	assert_int_equal(rig.calls[0], 1);
	assert_true(rig.calls[1] >= 1); /* the loop may have come round again to stop */
	rig_close(&rig);
}

static void test_a_lazy_timer_comes_by_itself_when_nothing_else_does(void **state)
{
	(void)state;
	struct rig rig;
	rig_open(&rig);
	struct loop_watch *timer = loop_add_timer(rig.loop, count_second_and_stop, &rig);
	for (int i = 1; i <= 2; i++) {
		assert_int_equal(loop_set_lazy_timer(timer, CLOCK_NS_PER_MS, CLOCK_NS_PER_MS), 0);
		assert_int_equal(loop_run(rig.loop), 0);
		assert_int_equal(rig.calls[1], i);
	}
	rig_close(&rig);
}

static void test_a_lazy_timer_can_be_stopped(void **state)
{
	(void)state;
	struct rig rig;
	rig_open(&rig);
	struct loop_watch *timer = loop_add_timer(rig.loop, count_second, &rig);
	assert_non_null(loop_add(rig.loop, rig.pipes[0][0], EPOLLIN, read_and_stop, &rig));
	assert_int_equal(loop_set_lazy_timer(timer, 1, 1), 0);
	assert_int_equal(loop_set_timer(timer, 0, 0), 0);
	assert_int_equal(write(rig.pipes[0][1], "x", 1), 1);
	assert_int_equal(loop_run(rig.loop), 0);
	assert_int_equal(rig.calls[1], 0);
	rig_close(&rig);
}

static void test_another_thread_can_stop_it(void **state)
{
	(void)state;
	struct rig rig;
	rig_open(&rig);
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, stop_from_elsewhere, rig.loop), 0);
	assert_int_equal(loop_run(rig.loop), 0);
	pthread_join(thread, NULL);
	rig_close(&rig);
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
	struct rig rig;
	rig_open(&rig);
	signalled_loop = rig.loop;
	struct sigaction action = { .sa_handler = stop_on_signal }, old;
	assert_int_equal(sigaction(SIGUSR1, &action, &old), 0);
	struct loop_watch *timer = loop_add_timer(rig.loop, raise_signal, NULL);
	assert_int_equal(loop_set_timer(timer, 1, 0), 0);
	assert_int_equal(loop_run(rig.loop), 0);
	sigaction(SIGUSR1, &old, NULL);
	rig_close(&rig);
}

static void test_a_descriptor_that_cannot_be_watched_is_refused(void **state)
{
	(void)state;
	struct rig rig;
	rig_open(&rig);
	assert_null(loop_add(rig.loop, -1, EPOLLIN, read_and_stop, &rig));
	assert_int_equal(errno, EBADF);
	rig_close(&rig);
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
		cmocka_unit_test(test_a_lazy_timer_comes_with_what_wakes_the_loop_anyway),
		cmocka_unit_test(test_a_lazy_timer_comes_by_itself_when_nothing_else_does),
		cmocka_unit_test(test_a_lazy_timer_can_be_stopped),
		cmocka_unit_test(test_another_thread_can_stop_it),
		cmocka_unit_test(test_a_signal_handler_can_stop_it),
		cmocka_unit_test(test_a_descriptor_that_cannot_be_watched_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
