/* Automatic pictures from a ring that the test fills, with real jobs and a gate in place of the disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "scratch.h"
#include "service/schedule.h"

enum { WIDTH = 16, HEIGHT = 8, SLOTS = 8 };

static struct loop *loop;
static struct frame_ring *ring;
static struct jobs *jobs;
static struct requests requests;
static struct schedule *schedule;
static char folder[SCRATCH_BYTES];
static uint64_t frames;
static int64_t begun_wall_ns;
static atomic_int visits;
static atomic_bool hold, fail_each_other;
static sem_t held, go;

static int gate(void *data, dev_t *device, struct error *error)
{
	(void)data;
	*device = 0;
	int visit = atomic_fetch_add(&visits, 1);
	if (atomic_exchange(&hold, false)) {
		sem_post(&held);
		sem_wait(&go);
	}
	return atomic_load(&fail_each_other) && visit % 2 ? error_set(error, -ENOSPC, "the gate says so") : 0;
}

static void commit_frame(void)
{
	struct frame *frame = frame_ring_lend(ring);
	assert_non_null(frame);
	memset(frame->pixels, 100, frame_bytes(WIDTH, HEIGHT));
	frame->info = (struct frame_info){ .id = ++frames, .timestamp_ns = clock_now_ns() };
	frame_ring_commit(ring, frame);
}

static int set_up(void **state)
{
	(void)state;
	scratch_make(folder);
	frames = 0;
	begun_wall_ns = clock_wall_ns();
	atomic_store(&visits, 0);
	atomic_store(&hold, false);
	atomic_store(&fail_each_other, false);
	sem_init(&held, 0, 0);
	sem_init(&go, 0, 0);
	loop = loop_create(NULL);
	ring = frame_ring_create(SLOTS, WIDTH, HEIGHT, NULL);
	struct frame_ring_status ready = { 0 };
	while (ring && ready.touched < SLOTS)
		frame_ring_status(ring, &ready);
	jobs = jobs_create(&(struct jobs_params){ .export = { .base_dir = folder, .jpg_quality = 90 },
	                                          .most = JOBS_MAX,
	                                          .frame_bytes = frame_bytes(WIDTH, HEIGHT),
	                                          .gate = gate },
	                   NULL);
	requests = (struct requests){ .jobs = jobs, .ring = ring, .framerate = 10 };
	return loop && ring && jobs ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	jobs_destroy(jobs);
	schedule_destroy(schedule);
	frame_ring_destroy(ring);
	loop_destroy(loop);
	scratch_remove(folder);
	return 0;
}

static void begin(void)
{
	const struct schedule_params params = {
		.interval_s = 0.001, .use_ring = true, .loop = loop, .requests = &requests
	};
	schedule = schedule_create(&params, NULL);
	assert_non_null(schedule);
}

static void stop(void *data, uint32_t events)
{
	(void)data, (void)events;
	loop_stop(loop);
}

static void run(int milliseconds)
{
	struct loop_watch *timer = loop_add_timer(loop, stop, NULL);
	loop_set_timer(timer, (int64_t)milliseconds * CLOCK_NS_PER_MS, 0);
	assert_int_equal(loop_run(loop), 0);
	loop_remove(timer);
}

static struct schedule_status status(void)
{
	struct schedule_status now;
	schedule_status(schedule, &now);
	return now;
}

static uint64_t asked(void)
{
	struct jobs_status now;
	jobs_status(jobs, &now);
	return now.asked;
}

static int warnings_with(const char *words)
{
	struct log_line lines[LOG_RECENT_COUNT];
	int count = 0;
	for (size_t i = 0, all = log_recent(lines, LOG_RECENT_COUNT); i < all; i++)
		count += lines[i].wall_ns >= begun_wall_ns && strstr(lines[i].text, words);
	return count;
}

static void test_each_frame_is_one_picture_however_short_the_interval(void **state)
{
	(void)state;
	begin();
	for (uint64_t i = 1; i <= 3; i++) {
		commit_frame();
		while (status().saved < i)
			run(1);
		run(20); /* time for twenty more of the same */
	}
	assert_int_equal(status().saved, 3);
	assert_int_equal(asked(), 3);
	assert_int_equal(scratch_count(folder), 3);
}

static void test_one_is_under_way_and_what_is_left_out_is_told_once(void **state)
{
	(void)state;
	atomic_store(&hold, true);
	commit_frame();
	begin();
	while (sem_trywait(&held) != 0)
		run(1);
	do {
		commit_frame();
		run(2);
	} while (status().left_out < 20);
	assert_int_equal(asked(), 1);
	assert_int_equal(warnings_with("Automatic pictures are left out"), 1);
	sem_post(&go);
	while (status().saved < 2) /* the one that waited comes at once */
		run(1);
}

/* Two workers report in turn; ThreadSanitizer sees whether they share the fault. */
static void test_failures_and_successes_in_turn_are_told_by_one_thread(void **state)
{
	(void)state;
	atomic_store(&fail_each_other, true);
	begin();
	while (status().saved < 20 || status().failed < 20) {
		commit_frame();
		run(1);
	}
}

static void test_without_a_frame_it_says_so_and_goes_on(void **state)
{
	(void)state;
	begin();
	while (status().failed < 3)
		run(1);
	assert_int_equal(warnings_with("Automatic picture not saved: no frames yet"), 1);
	commit_frame();
	while (status().saved < 1)
		run(1);
}

static void test_a_stop_is_no_failure(void **state)
{
	(void)state;
	struct schedule_status now;
	commit_frame();
	jobs_close(jobs, "pastcam is stopping");
	begin();
	run(10);
	schedule_stop(schedule);
	run(5);
	now = status();
	assert_int_equal(now.failed + now.saved, 0);
	schedule_stop(NULL);
	schedule_status(NULL, &now);
	assert_int_equal(now.left_out, 0);
}

int main(void)
{
#define SCHEDULE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		SCHEDULE(test_each_frame_is_one_picture_however_short_the_interval),
		SCHEDULE(test_one_is_under_way_and_what_is_left_out_is_told_once),
		SCHEDULE(test_failures_and_successes_in_turn_are_told_by_one_thread),
		SCHEDULE(test_without_a_frame_it_says_so_and_goes_on),
		SCHEDULE(test_a_stop_is_no_failure),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
