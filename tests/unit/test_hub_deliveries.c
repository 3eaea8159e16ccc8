/* The queue of deliveries, with a worker and a time of the test's own: hours and days pass by making rows older. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "hub/deliveries.h"
#include "hub/http_worker.h"
#include "hub_rig.h"

enum { MINUTE_S = 60, HOUR_S = 3600, DAY_S = 86400, EVENTS_MAX = 200, TRIES = 152 };

/* --- a worker that keeps the job until the test says what became of it --- */

struct http_worker {
	void (*done)(void *data, const struct http_result *result);
	void *data;
	int64_t job; /* 0: none */
};

static struct http_worker worker;

struct http_worker *http_worker_create(struct loop *loop, const char *name,
                                       void (*done)(void *data, const struct http_result *result), void *data,
                                       struct error *error)
{
	(void)loop;
	(void)name;
	(void)error;
	worker = (struct http_worker){ .done = done, .data = data };
	return &worker;
}

void http_worker_destroy(struct http_worker *given)
{
	(void)given;
}

int http_worker_send(struct http_worker *given, struct http_job *job)
{
	assert_int_equal(given->job, 0); /* one at a time */
	given->job = job->id;
	http_job_free(job);
	return 0;
}

/* --- the queue --- */

static struct deliveries *deliveries;
static int said, tries[EVENTS_MAX + 1], arrivals[EVENTS_MAX + 1], arrived[EVENTS_MAX + 1], arrived_count;

static const char *target_name(void *data, size_t index)
{
	(void)data;
	return index == 0 ? "hook" : NULL;
}

static struct http_job *make_job(void *data, size_t index, const struct delivery *delivery, bool *is_over)
{
	(void)data;
	(void)index;
	(void)is_over;
	tries[atoi(delivery->body)]++;
	return http_job_create(delivery->id, "http://x/", 1);
}

static void on_taken(void *data, size_t index, const struct delivery *delivery)
{
	(void)data;
	(void)index;
	arrivals[atoi(delivery->body)]++;
	arrived[arrived_count++] = atoi(delivery->body);
}

static int begin(void)
{
	static const struct deliveries_params params = {
		.what = "webhook",
		.most = 1000,
		.tries = TRIES,
		.target = target_name,
		.make = make_job,
		.taken = on_taken,
	};
	struct error error = { 0 };
	deliveries = deliveries_create(rig.loop, rig.store, &params, &error);
	return deliveries ? deliveries_begin(deliveries, &error) : -1;
}

static int make(void **state)
{
	(void)state;
	said = arrived_count = 0;
	memset(tries, 0, sizeof tries);
	memset(arrivals, 0, sizeof arrivals);
	return hub_rig_make(&rig) == 0 ? begin() : -1;
}

static int finish(void **state)
{
	(void)state;
	deliveries_destroy(deliveries);
	hub_rig_finish(&rig);
	return 0;
}

static int64_t number(const char *text)
{
	return sql_number(store_sql(rig.store), text, -1);
}

static void say(void)
{
	char text[16], key[DELIVERY_KEY_BYTES];
	snprintf(text, sizeof text, "%d", ++said);
	deliveries_key(text, key);
	deliveries_add(deliveries, 0, key, text, "");
}

/* The clock goes on by so much, or back. */
static void set_clock(int64_t seconds)
{
	static const char older[] = "UPDATE deliveries SET due_ms = due_ms - ?1, created_ms = created_ms - ?1";
	assert_true(sql_do(store_batch(rig.store), NULL, older, "i", seconds * 1000) >= 0);
	deliveries_store_recovered(deliveries); /* as the timer would */
}

static void answer_one(const char *reason)
{
	struct http_result result = { .id = worker.job };
	snprintf(result.reason, sizeof result.reason, "%s", reason);
	worker.job = 0;
	worker.done(worker.data, &result);
}

/* Answers all that is asked now, and the store writes it. */
static void answer(const char *reason)
{
	while (worker.job)
		answer_one(reason);
	deliveries_batch_written(deliveries);
}

static void pass(int64_t seconds, const char *reason)
{
	for (int64_t i = 0; i < seconds; i += 10) {
		set_clock(10);
		answer(reason);
	}
}

static void test_all_arrives_after_an_hour_without_the_target(void **state)
{
	(void)state;
	for (int minute = 0; minute < 60; minute++) {
		say();
		say();
		answer("it answered 500");
		pass(MINUTE_S, "it answered 500");
	}
	assert_int_equal(arrived_count, 0);
	assert_int_equal(number("SELECT count(*) FROM deliveries"), 120);
	for (int i = 1; i <= said; i++)
		assert_in_range(tries[i], 1, 10 + HOUR_S / (DELIVERY_WAIT_MOST_S * 3 / 4)); /* a quarter sooner at most */
	pass(DELIVERY_WAIT_MOST_S * 5 / 4 + 10, "");
	assert_int_equal(number("SELECT count(*) FROM deliveries"), 0);
	for (int i = 1; i <= said; i++)
		assert_int_equal(arrivals[i], 1);
}

static void test_what_comes_while_the_target_is_well_arrives_in_order(void **state)
{
	(void)state;
	for (int i = 0; i < 50; i++)
		say();
	answer("");
	assert_int_equal(arrived_count, 50);
	for (int i = 0; i < 50; i++)
		assert_int_equal(arrived[i], i + 1);
}

static void test_a_target_that_answers_500_for_ever_is_given_up_after_a_day(void **state)
{
	(void)state;
	int64_t passed_s = 0;
	say();
	answer("it answered 500");
	for (; number("SELECT count(*) FROM deliveries") > 0 && passed_s < 2 * DAY_S; passed_s += MINUTE_S)
		pass(MINUTE_S, "it answered 500");
	assert_int_equal(tries[1], TRIES);
	assert_in_range(passed_s, DAY_S * 9 / 10, DAY_S * 11 / 10);
}

static void test_a_clock_that_is_set_gives_nothing_up(void **state)
{
	(void)state;
	say();
	answer("no connection");
	set_clock(INT64_C(56) * 365 * DAY_S); /* from 1970, where one without a battery begins */
	answer("no connection");
	assert_int_equal(tries[1], 2);
	assert_int_equal(number("SELECT count(*) FROM deliveries"), 1);
	pass(MINUTE_S, "");
	assert_int_equal(arrivals[1], 1);
}

static void test_a_clock_that_goes_back_holds_nothing_up_for_long(void **state)
{
	(void)state;
	for (int64_t back_s = MINUTE_S; back_s < INT64_C(1000) * DAY_S; back_s *= 3) {
		say();
		answer("no connection");
		set_clock(-back_s);
		pass(2 * DELIVERY_WAIT_MOST_S + 10, "");
		assert_int_equal(arrivals[said], 1);
	}
}

/* A file that goes before the store knows why would be missed after a kill. */
static void test_what_was_taken_is_told_once_the_store_has_it(void **state)
{
	(void)state;
	say();
	answer_one("");
	assert_int_equal(worker.job, 0); /* nor is it sent again */
	assert_int_equal(arrivals[1], 0);
	assert_int_equal(number("SELECT count(*) FROM deliveries"), 1);
	deliveries_batch_written(deliveries);
	assert_int_equal(arrivals[1], 1);
	assert_int_equal(number("SELECT count(*) FROM deliveries"), 0);
}

static void test_what_was_taken_before_a_kill_is_told_at_the_next_start(void **state)
{
	(void)state;
	say();
	answer_one("");
	deliveries_destroy(deliveries);
	assert_int_equal(begin(), 0);
	assert_int_equal(worker.job, 0);
	assert_int_equal(arrivals[1], 1);
	assert_int_equal(number("SELECT count(*) FROM deliveries"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_all_arrives_after_an_hour_without_the_target),
		TEST(test_what_comes_while_the_target_is_well_arrives_in_order),
		TEST(test_a_target_that_answers_500_for_ever_is_given_up_after_a_day),
		TEST(test_a_clock_that_is_set_gives_nothing_up),
		TEST(test_a_clock_that_goes_back_holds_nothing_up_for_long),
		TEST(test_what_was_taken_is_told_once_the_store_has_it),
		TEST(test_what_was_taken_before_a_kill_is_told_at_the_next_start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
