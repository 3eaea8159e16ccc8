#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>

#include "base/pool.h"

enum { TASKS = 1000 };

struct counts {
	struct pool *pool;
	pthread_t first; /* who took index 0 */
	atomic_int done[TASKS];
};

static void count_one(void *data, size_t index)
{
	struct counts *counts = data;
	if (index == 0)
		counts->first = pthread_self();
	atomic_fetch_add(&counts->done[index], 1);
}

static void assert_each_once(struct pool *pool, size_t tasks)
{
	struct counts counts = { .pool = pool };

	pool_run(pool, tasks, count_one, &counts);
	for (size_t i = 0; i < TASKS; i++)
		assert_int_equal(atomic_load(&counts.done[i]), i < tasks ? 1 : 0);
	if (tasks > 0)
		assert_true(pthread_equal(counts.first, pthread_self()));
}

static void test_each_task_once(void **state)
{
	(void)state;
	for (size_t threads = 0; threads < 5; threads++) {
		struct pool *pool = pool_create(threads, NULL);
		assert_non_null(pool);
		assert_int_equal(pool_width(pool), threads + 1);
		assert_each_once(pool, 0);
		assert_each_once(pool, 1);
		assert_each_once(pool, 2);
		assert_each_once(pool, TASKS);
		pool_destroy(pool);
	}
}

static void test_no_pool_runs_inline(void **state)
{
	(void)state;
	assert_int_equal(pool_width(NULL), 1);
	assert_each_once(NULL, TASKS);
	pool_destroy(NULL);
}

static void run_nested(void *data, size_t index)
{
	struct counts *outer = data;
	(void)index;
	struct counts inner = { .pool = outer->pool };

	pool_run(inner.pool, 20, count_one, &inner);
	for (size_t i = 0; i < 20; i++)
		atomic_fetch_add(&outer->done[i], atomic_load(&inner.done[i]));
}

static void test_tasks_may_run_tasks(void **state)
{
	(void)state;
	struct counts counts = { .pool = pool_create(2, NULL) };

	assert_non_null(counts.pool);
	pool_run(counts.pool, 50, run_nested, &counts);
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(atomic_load(&counts.done[i]), 50);
	pool_destroy(counts.pool);
}

static void *call_often(void *data)
{
	struct counts *counts = data;

	for (int i = 0; i < 100; i++)
		pool_run(counts->pool, 10, count_one, counts);
	return NULL;
}

static void test_several_callers_at_once(void **state)
{
	enum { CALLERS = 4 };
	pthread_t caller[CALLERS];
	struct counts counts = { .pool = pool_create(2, NULL) };
	(void)state;

	assert_non_null(counts.pool);
	for (int i = 0; i < CALLERS; i++)
		assert_int_equal(pthread_create(&caller[i], NULL, call_often, &counts), 0);
	for (int i = 0; i < CALLERS; i++)
		assert_int_equal(pthread_join(caller[i], NULL), 0);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(atomic_load(&counts.done[i]), CALLERS * 100);
	pool_destroy(counts.pool);
}

struct meeting {
	pthread_barrier_t all;
	pthread_t caller;
	int niceness[2];
	char name[2][16];
	sigset_t blocked[2];
	bool on_caller[2];
};

/* Every task waits for all others: it ends only when they truly run side by side. */
static void meet(void *data, size_t index)
{
	struct meeting *meeting = data;

	pthread_barrier_wait(&meeting->all);
	meeting->on_caller[index] = pthread_equal(pthread_self(), meeting->caller);
	meeting->niceness[index] = getpriority(PRIO_PROCESS, 0);
	pthread_getname_np(pthread_self(), meeting->name[index], sizeof meeting->name[index]);
	pthread_sigmask(SIG_SETMASK, NULL, &meeting->blocked[index]);
}

static void test_runs_side_by_side_in_humble_threads(void **state)
{
	struct meeting meeting = { .caller = pthread_self() };
	struct pool *pool = pool_create(1, NULL);
	int own_niceness = getpriority(PRIO_PROCESS, 0);
	(void)state;

	assert_non_null(pool);
	assert_int_equal(pthread_barrier_init(&meeting.all, NULL, 2), 0);
	pool_run(pool, 2, meet, &meeting);
	int other = meeting.on_caller[0] ? 1 : 0;
	assert_true(meeting.on_caller[0] != meeting.on_caller[1]);
	assert_int_equal(meeting.niceness[1 - other], own_niceness);
	assert_int_equal(meeting.niceness[other], own_niceness > 10 ? own_niceness : 10);
	assert_memory_equal(meeting.name[other], "pool-", 5);
	assert_int_equal(sigismember(&meeting.blocked[other], SIGTERM), 1);
	assert_int_equal(sigismember(&meeting.blocked[1 - other], SIGTERM), 0);
	pthread_barrier_destroy(&meeting.all);
	pool_destroy(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_task_once),
		cmocka_unit_test(test_no_pool_runs_inline),
		cmocka_unit_test(test_tasks_may_run_tasks),
		cmocka_unit_test(test_several_callers_at_once),
		cmocka_unit_test(test_runs_side_by_side_in_humble_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
