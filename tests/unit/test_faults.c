/* Plans of faults: grammar and clock. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "camera/synthetic/faults.h"

static struct fault_plan plan_of(const char *text)
{
	struct fault_plan plan;
	struct error error = { 0 };
	int result = faults_parse(text, &plan, &error);
	if (result < 0)
		fail_msg("%s", error.text);
	return plan;
}

static void test_a_length_is_a_length(void **state)
{
	(void)state;
	struct fault_plan plan = plan_of("stall@10+5,error@30.5+0.5");
	assert_int_equal(plan.count, 2);
	assert_false(faults_active(&plan, FAULT_STALL, 9.9));
	assert_true(faults_active(&plan, FAULT_STALL, 10));
	assert_false(faults_active(&plan, FAULT_ERROR, 10));
	faults_heal(&plan, FAULT_STALL, 12);
	assert_true(faults_active(&plan, FAULT_STALL, 14.9));
	assert_false(faults_active(&plan, FAULT_STALL, 15));
	assert_true(faults_active(&plan, FAULT_ERROR, 30.75));
	assert_false(faults_active(&plan, FAULT_ERROR, 31));
}

static void test_without_a_length_it_lasts_until_it_is_healed(void **state)
{
	(void)state;
	struct fault_plan plan = plan_of("error@3");
	faults_heal(&plan, FAULT_ERROR, 2);
	assert_true(faults_active(&plan, FAULT_ERROR, 3));
	assert_true(faults_active(&plan, FAULT_ERROR, 1e6));
	faults_heal(&plan, FAULT_ERROR, 1e6);
	assert_false(faults_active(&plan, FAULT_ERROR, 1e6));
	assert_false(faults_active(&plan, FAULT_ERROR, 1e8));
}

static void test_with_a_period_it_comes_again(void **state)
{
	(void)state;
	struct fault_plan plan = plan_of("stall@10+2/60,black@1/30");
	for (int turn = 0; turn < 100; turn++) {
		double start = 10 + 60 * turn;
		assert_false(faults_active(&plan, FAULT_STALL, start - 0.1));
		assert_true(faults_active(&plan, FAULT_STALL, start + 1.9));
		assert_false(faults_active(&plan, FAULT_STALL, start + 2.1));
	}
	for (int turn = 0; turn < 100; turn++) {
		double at = 1.5 + 30 * turn;
		assert_true(faults_active(&plan, FAULT_BLACK, at));
		faults_heal(&plan, FAULT_BLACK, at);
		assert_false(faults_active(&plan, FAULT_BLACK, at));
	}
}

static void test_every_kind_has_its_name(void **state)
{
	(void)state;
	struct fault_plan plan = plan_of("stall@0,error@0,vanish@0,slow@0,garbage@0,black@0,white@0");
	assert_int_equal(plan.count, FAULT_KINDS);
	for (int kind = 0; kind < FAULT_KINDS; kind++)
		assert_true(faults_active(&plan, (enum fault_kind)kind, 0));
	plan = plan_of("");
	for (int kind = 0; kind < FAULT_KINDS; kind++)
		assert_false(faults_active(&plan, (enum fault_kind)kind, 0));
}

static void test_nonsense_is_named(void **state)
{
	(void)state;
	static const char *const TEXTS[] = { "stall",     "stall@",      "stall@x",   "stall@-1",    "stall@1+",
		                                 "stall@1+0", "stall@1+2/2", "stall@1/0", "stall@1,",    "stal@1",
		                                 "stall@1 ",  "stall@1+2+3", ",",         "stall@1.2.3", "stall@1e999",
		                                 "stall@nan", "stall@1/5+2", "stall@0x1" };
	for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
		struct fault_plan plan;
		struct error error = { 0 };
		assert_int_equal(faults_parse(TEXTS[i], &plan, &error), -EINVAL);
		assert_non_null(strstr(error.text, "kind@start[+length][/period]"));
	}
}

static void test_too_many_are_refused(void **state)
{
	(void)state;
	char text[(FAULTS_MAX + 1) * 8] = "";
	for (int i = 0; i < FAULTS_MAX; i++)
		strcat(text, i ? ",slow@1" : "slow@1");
	assert_int_equal(plan_of(text).count, FAULTS_MAX);
	strcat(text, ",slow@1");
	struct fault_plan plan;
	assert_int_equal(faults_parse(text, &plan, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_length_is_a_length),
		cmocka_unit_test(test_without_a_length_it_lasts_until_it_is_healed),
		cmocka_unit_test(test_with_a_period_it_comes_again),
		cmocka_unit_test(test_every_kind_has_its_name),
		cmocka_unit_test(test_nonsense_is_named),
		cmocka_unit_test(test_too_many_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
