#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/budget.h"

#define MIB UINT64_C(1048576)

/* Plenty of everything, and 300 ring frames of 1 MiB wanted; each test makes one thing scarce. */
static struct budget plenty(void)
{
	struct budget budget = {
		.available = 10000 * MIB,
		.available_fraction = 0.5,
		.max_rss = 8000 * MIB,
		.rss_now = 20 * MIB,
		.cgroup_limit = UINT64_MAX,
		.shrink = 1,
	};
	budget_add(&budget, (struct budget_claim){ .name = "ring", .unit_bytes = MIB, .least = 4, .wanted = 300 });
	return budget;
}

static void expect(struct budget *budget, size_t slots, enum budget_bound bound)
{
	budget_divide(budget);
	const struct budget_claim *ring = budget_claim_of(budget, "ring");
	assert_int_equal(ring->granted, slots);
	assert_int_equal(budget_bound_of(budget, ring), bound);
}

static void test_as_asked_when_it_fits(void **state)
{
	(void)state;
	struct budget budget = plenty();
	expect(&budget, 300, BUDGET_ASKED);
	assert_null(budget_short(&budget));
}

static void test_each_bound_alone(void **state)
{
	(void)state;
	struct budget budget = plenty();
	budget.available = 100 * MIB;
	expect(&budget, 50, BUDGET_AVAILABLE);

	budget = plenty();
	budget.max_rss = 100 * MIB;
	expect(&budget, 80, BUDGET_RSS);

	budget = plenty();
	budget.cgroup_limit = 100 * MIB;
	budget.cgroup_used = 30 * MIB;
	expect(&budget, 70, BUDGET_CGROUP);
}

static void test_what_is_unknown_is_no_bound(void **state)
{
	(void)state;
	struct budget budget = plenty();
	budget.available = UINT64_MAX;
	expect(&budget, 300, BUDGET_ASKED);

	budget = plenty();
	budget.available = UINT64_MAX;
	budget.max_rss = 100 * MIB;
	expect(&budget, 80, BUDGET_RSS);
}

static void test_the_tightest_bound_decides(void **state)
{
	(void)state;
	struct budget budget = plenty();
	budget.available = 200 * MIB;   /* 100 */
	budget.max_rss = 110 * MIB;     /* 90 */
	budget.cgroup_limit = 80 * MIB; /* 80 */
	expect(&budget, 80, BUDGET_CGROUP);
	budget.max_rss = 90 * MIB; /* 70 */
	expect(&budget, 70, BUDGET_RSS);
	budget.available = 120 * MIB; /* 60 */
	expect(&budget, 60, BUDGET_AVAILABLE);
}

static void test_what_others_need_comes_off_every_bound(void **state)
{
	(void)state;
	struct budget budget = plenty();
	budget_add(&budget, (struct budget_claim){ .name = "exports", .unit_bytes = 10 * MIB, .least = 1, .wanted = 1 });
	budget_add(&budget, (struct budget_claim){ .name = "stacks", .unit_bytes = MIB, .least = 5, .wanted = 5 });
	budget.max_rss = 100 * MIB;
	expect(&budget, 65, BUDGET_RSS);
	budget.max_rss = 8000 * MIB;
	budget.cgroup_limit = 100 * MIB;
	budget.cgroup_used = 20 * MIB;
	expect(&budget, 65, BUDGET_CGROUP);
	budget.cgroup_limit = UINT64_MAX;
	budget.available = 200 * MIB;
	expect(&budget, 85, BUDGET_AVAILABLE);
	assert_int_equal(budget_bound_of(&budget, budget_claim_of(&budget, "stacks")), BUDGET_ASKED);
}

static void test_what_is_over_already_leaves_nothing(void **state)
{
	(void)state;
	struct budget budget = plenty();
	budget.rss_now = budget.max_rss + 1;
	expect(&budget, 0, BUDGET_RSS);
	assert_string_equal(budget_short(&budget)->name, "ring");
	budget = plenty();
	budget.available = 0;
	expect(&budget, 0, BUDGET_AVAILABLE);
	budget = plenty();
	budget.cgroup_limit = budget.cgroup_used = 50 * MIB;
	expect(&budget, 0, BUDGET_CGROUP);
}

/* The least stays: with less than that it could not start at all. */
static void test_an_exit_for_memory_shrinks_what_is_beyond_the_least(void **state)
{
	(void)state;
	struct budget budget = plenty();
	budget.shrink = 0.75;
	expect(&budget, 226, BUDGET_SHRUNK);
	budget.max_rss = 100 * MIB;
	expect(&budget, 61, BUDGET_SHRUNK);
	budget.shrink = 0;
	expect(&budget, 4, BUDGET_SHRUNK);
	budget_add(&budget, (struct budget_claim){ .name = "stacks", .unit_bytes = MIB, .least = 5, .wanted = 5 });
	budget_divide(&budget);
	assert_int_equal(budget_bound_of(&budget, budget_claim_of(&budget, "stacks")), BUDGET_ASKED);
}

static void test_all_get_their_least_before_any_gets_more(void **state)
{
	(void)state;
	struct budget budget = plenty(); /* whose ring comes first here, and still leaves the others their least */
	budget_add(&budget, (struct budget_claim){ .name = "packets", .unit_bytes = 2 * MIB, .least = 5, .wanted = 20 });
	budget_add(&budget, (struct budget_claim){ .name = "models", .unit_bytes = 3 * MIB, .least = 2, .wanted = 2 });
	budget.max_rss = (20 + 60) * MIB;
	expect(&budget, 60 - 10 - 6, BUDGET_RSS);
	assert_int_equal(budget_claim_of(&budget, "packets")->granted, 5);
	assert_int_equal(budget_claim_of(&budget, "models")->granted, 2);
	assert_int_equal(budget_least_bytes(&budget), (4 + 10 + 6) * MIB);

	budget.max_rss = (20 + 340) * MIB; /* 300 + 6 of it are taken first */
	expect(&budget, 300, BUDGET_ASKED);
	assert_int_equal(budget_claim_of(&budget, "packets")->granted, 17);

	budget.max_rss = (20 + 19) * MIB;
	budget_divide(&budget);
	assert_string_equal(budget_short(&budget)->name, "models");
}

static void test_mapped_bytes_are_those_of_mapped_claims(void **state)
{
	(void)state;
	struct budget budget = plenty();
	budget_add(&budget,
	           (struct budget_claim){ .name = "a", .unit_bytes = MIB, .least = 5, .wanted = 5, .is_mapped = true });
	budget_divide(&budget);
	assert_int_equal(budget_mapped_bytes(&budget), 5 * MIB);
}

/* A ring that the budget allows, exports at their most and the process as it is never pass max_rss. */
static void test_the_claims_never_pass_the_limit(void **state)
{
	(void)state;
	for (uint64_t max_rss = 32; max_rss <= 1024; max_rss += 31)
		for (size_t scratch = 1; scratch <= 64; scratch += 7) {
			struct budget budget = plenty();
			budget.max_rss = max_rss * MIB;
			budget.claims[0].unit_bytes = 2359296; /* 1024x768 */
			budget.claims[0].wanted = 100000;
			budget_add(&budget, (struct budget_claim){
			                        .name = "exports", .unit_bytes = scratch * MIB, .least = 1, .wanted = 1 });
			budget_divide(&budget);
			uint64_t taken = 0;
			for (size_t i = 0; i < budget.claim_count; i++)
				taken += budget.claims[i].granted * budget.claims[i].unit_bytes;
			assert_true(taken == 0 || taken + budget.rss_now <= budget.max_rss);
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
		cmocka_unit_test(test_what_is_unknown_is_no_bound),
		cmocka_unit_test(test_the_tightest_bound_decides),
		cmocka_unit_test(test_what_others_need_comes_off_every_bound),
		cmocka_unit_test(test_what_is_over_already_leaves_nothing),
		cmocka_unit_test(test_an_exit_for_memory_shrinks_what_is_beyond_the_least),
		cmocka_unit_test(test_all_get_their_least_before_any_gets_more),
		cmocka_unit_test(test_mapped_bytes_are_those_of_mapped_claims),
		cmocka_unit_test(test_the_claims_never_pass_the_limit),
		cmocka_unit_test(test_every_bound_has_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
