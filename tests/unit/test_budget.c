#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/budget.h"

#define MIB UINT64_C(1048576)

/* Plenty of everything; each test makes one thing scarce. */
static struct budget_request plenty(void)
{
	return (struct budget_request){
		.slots = 300,
		.slot_bytes = MIB,
		.available = 10000 * MIB,
		.available_fraction = 0.5,
		.max_rss = 8000 * MIB,
		.rss_now = 20 * MIB,
		.cgroup_limit = UINT64_MAX,
		.shrink = 1,
	};
}

static void expect(const struct budget_request *request, size_t slots, enum budget_bound bound)
{
	struct budget budget = budget_slots(request);
	assert_int_equal(budget.slots, slots);
	assert_int_equal(budget.bound, bound);
}

static void test_as_asked_when_it_fits(void **state)
{
	(void)state;
	struct budget_request request = plenty();
	expect(&request, 300, BUDGET_ASKED);
}

static void test_each_bound_alone(void **state)
{
	(void)state;
	struct budget_request request = plenty();
	request.available = 100 * MIB;
	expect(&request, 50, BUDGET_AVAILABLE);

	request = plenty();
	request.max_rss = 100 * MIB;
	expect(&request, 80, BUDGET_RSS);

	request = plenty();
	request.cgroup_limit = 100 * MIB;
	request.cgroup_used = 30 * MIB;
	expect(&request, 70, BUDGET_CGROUP);
}

static void test_the_tightest_bound_decides(void **state)
{
	(void)state;
	struct budget_request request = plenty();
	request.available = 200 * MIB;   /* 100 */
	request.max_rss = 110 * MIB;     /* 90 */
	request.cgroup_limit = 80 * MIB; /* 80 */
	expect(&request, 80, BUDGET_CGROUP);
	request.max_rss = 90 * MIB; /* 70 */
	expect(&request, 70, BUDGET_RSS);
	request.available = 120 * MIB; /* 60 */
	expect(&request, 60, BUDGET_AVAILABLE);
}

static void test_exports_and_full_frames_come_off_every_bound(void **state)
{
	(void)state;
	struct budget_request request = plenty();
	request.max_rss = request.cgroup_limit = 100 * MIB;
	request.cgroup_used = 20 * MIB;
	request.available = 200 * MIB;
	request.scratch = 10 * MIB;
	request.reserved = 5 * MIB;
	struct budget budget = budget_slots(&request);
	assert_int_equal(budget.by_rss, 65 * MIB);
	assert_int_equal(budget.by_cgroup, 65 * MIB);
	assert_int_equal(budget.by_available, 85 * MIB);
	assert_int_equal(budget.slots, 65);
}

static void test_what_is_over_already_leaves_nothing(void **state)
{
	(void)state;
	struct budget_request request = plenty();
	request.rss_now = request.max_rss + 1;
	expect(&request, 0, BUDGET_RSS);
	request = plenty();
	request.available = 0;
	expect(&request, 0, BUDGET_AVAILABLE);
	request = plenty();
	request.cgroup_limit = request.cgroup_used = 50 * MIB;
	expect(&request, 0, BUDGET_CGROUP);
}

static void test_an_exit_for_memory_shrinks_whatever_was_found(void **state)
{
	(void)state;
	struct budget_request request = plenty();
	request.shrink = 0.75;
	expect(&request, 225, BUDGET_SHRUNK);
	request.max_rss = 100 * MIB;
	expect(&request, 60, BUDGET_SHRUNK);
}

/* A ring that the sum allows, exports at their most and the process as it is never pass max_rss. */
static void test_the_sum_never_passes_the_limit(void **state)
{
	(void)state;
	for (uint64_t max_rss = 32; max_rss <= 1024; max_rss += 31)
		for (size_t scratch = 0; scratch <= 64; scratch += 7) {
			struct budget_request request = plenty();
			request.slots = 100000;
			request.slot_bytes = 2359296; /* 1024x768 */
			request.max_rss = max_rss * MIB;
			request.scratch = scratch * MIB;
			struct budget budget = budget_slots(&request);
			if (budget.slots > 0)
				assert_true(budget.slots * request.slot_bytes + request.scratch + request.rss_now <= request.max_rss);
		}
}

static void test_every_bound_has_words(void **state)
{
	(void)state;
	for (int bound = BUDGET_ASKED; bound <= BUDGET_SHRUNK; bound++)
		assert_true(budget_bound_text((enum budget_bound)bound)[1] != '\0');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_asked_when_it_fits),
		cmocka_unit_test(test_each_bound_alone),
		cmocka_unit_test(test_the_tightest_bound_decides),
		cmocka_unit_test(test_exports_and_full_frames_come_off_every_bound),
		cmocka_unit_test(test_what_is_over_already_leaves_nothing),
		cmocka_unit_test(test_an_exit_for_memory_shrinks_whatever_was_found),
		cmocka_unit_test(test_the_sum_never_passes_the_limit),
		cmocka_unit_test(test_every_bound_has_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
