#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/thread.h"

struct seen {
	char name[16];
	int niceness, policy, inherited_policy;
	sigset_t blocked;
	sem_t go;
};

static void look(void *data)
{
	struct seen *seen = data;
	pthread_getname_np(pthread_self(), seen->name, sizeof seen->name);
	seen->niceness = getpriority(PRIO_PROCESS, 0);
	seen->policy = sched_getscheduler(0);
	pthread_sigmask(SIG_SETMASK, NULL, &seen->blocked);
}

static int at_least(int niceness)
{
	int own = getpriority(PRIO_PROCESS, 0);
	return own > niceness ? own : niceness;
}

static void test_a_thread_has_its_name_and_its_place(void **state)
{
	const struct {
		enum thread_class class;
		int niceness;
	} rows[] = { { THREAD_CONTROL, 0 }, { THREAD_STREAM, 5 }, { THREAD_EXPORT, 10 }, { THREAD_HOUSEKEEPING, 15 } };
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct thread thread = { 0 };
		struct seen seen = { 0 };
		assert_int_equal(thread_start(&thread, "the-one-in-question", rows[i].class, look, &seen), 0);
		thread_join(&thread);
		assert_false(thread.running);
		assert_string_equal(seen.name, "the-one-in-ques");
		assert_int_equal(seen.niceness, at_least(rows[i].niceness));
		assert_int_equal(seen.policy, SCHED_OTHER);
		assert_int_equal(sigismember(&seen.blocked, SIGTERM), 1);
	}
	sigset_t own;
	pthread_sigmask(SIG_SETMASK, NULL, &own);
	assert_int_equal(sigismember(&own, SIGTERM), 0);
}

static void become_capture(void *data)
{
	struct seen *seen = data, child = { 0 };
	struct thread thread = { 0 };
	look(seen);
	if (thread_start(&thread, "child", THREAD_STREAM, look, &child) < 0)
		return;
	thread_join(&thread);
	seen->inherited_policy = child.policy;
}

/* Where a real-time priority is refused (a plain user), the policy stays and the test still shows that nothing breaks.
 */
static void test_what_capture_starts_is_not_real_time(void **state)
{
	struct thread thread = { 0 };
	struct seen seen = { .inherited_policy = -1 };
	(void)state;
	assert_int_equal(thread_start(&thread, "capture", THREAD_CAPTURE, become_capture, &seen), 0);
	thread_join(&thread);
	assert_true((seen.policy & ~SCHED_RESET_ON_FORK) == SCHED_RR || seen.policy == SCHED_OTHER);
	assert_int_equal(seen.inherited_policy, SCHED_OTHER);
}

static void wait_to_go(void *data)
{
	struct seen *seen = data;
	sem_wait(&seen->go);
}

static void test_joining_gives_up_in_time_and_can_be_repeated(void **state)
{
	struct thread thread = { 0 };
	struct seen seen = { 0 };
	(void)state;
	sem_init(&seen.go, 0, 0);
	thread_join(&thread); /* never started */
	assert_true(thread_join_within(&thread, 0));
	assert_int_equal(thread_start(&thread, "slow", THREAD_CONTROL, wait_to_go, &seen), 0);
	assert_false(thread_join_within(&thread, 5 * CLOCK_NS_PER_MS));
	assert_true(thread.running);
	sem_post(&seen.go);
	assert_true(thread_join_within(&thread, 60 * CLOCK_NS_PER_S));
	assert_true(thread_join_within(&thread, 0));
	sem_destroy(&seen.go);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_thread_has_its_name_and_its_place),
		cmocka_unit_test(test_what_capture_starts_is_not_real_time),
		cmocka_unit_test(test_joining_gives_up_in_time_and_can_be_repeated),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
