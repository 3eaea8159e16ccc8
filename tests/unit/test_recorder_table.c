#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "capture/recorder_table.h"

static void expect(enum recorder_state state, enum recorder_event event, enum recorder_state next,
                   enum recorder_action action)
{
	struct recorder_step step = recorder_next(state, event);
	if (step.next != next || step.action != action)
		fail_msg("%s: %s leads to %s", recorder_state_text(state), recorder_event_text(event),
		         recorder_state_text(step.next));
}

static void test_a_clip_from_trigger_to_name(void **state)
{
	(void)state;
	expect(RECORDER_IDLE, RECORDER_PAST_KEPT, RECORDER_BUFFERING, RECORDER_NOTHING);
	expect(RECORDER_BUFFERING, RECORDER_TRIGGER, RECORDER_RECORDING, RECORDER_START);
	expect(RECORDER_IDLE, RECORDER_TRIGGER, RECORDER_RECORDING, RECORDER_START);
	expect(RECORDER_RECORDING, RECORDER_END_PASSED, RECORDER_FINALIZING, RECORDER_NOTHING);
	expect(RECORDER_FINALIZING, RECORDER_LAST_WRITTEN, RECORDER_CLOSING, RECORDER_CLOSE);
	expect(RECORDER_CLOSING, RECORDER_CLOSED, RECORDER_IDLE, RECORDER_NOTHING);
}

static void test_a_trigger_moves_the_end_until_the_last_frame_is_written(void **state)
{
	(void)state;
	expect(RECORDER_RECORDING, RECORDER_TRIGGER, RECORDER_RECORDING, RECORDER_EXTEND);
	expect(RECORDER_FINALIZING, RECORDER_TRIGGER, RECORDER_RECORDING, RECORDER_EXTEND);
	expect(RECORDER_CLOSING, RECORDER_TRIGGER, RECORDER_CLOSING, RECORDER_ELSE);
}

static void test_a_failure_closes_what_is_there(void **state)
{
	(void)state;
	expect(RECORDER_RECORDING, RECORDER_FAIL, RECORDER_CLOSING, RECORDER_CLOSE);
	expect(RECORDER_FINALIZING, RECORDER_FAIL, RECORDER_CLOSING, RECORDER_CLOSE);
	expect(RECORDER_CLOSING, RECORDER_FAIL, RECORDER_CLOSING, RECORDER_NOTHING);
}

static void test_stop_cuts_only_what_is_recording(void **state)
{
	(void)state;
	for (int i = 0; i < RECORDER_STATES; i++)
		expect((enum recorder_state)i, RECORDER_STOP, (enum recorder_state)i,
		       i == RECORDER_RECORDING ? RECORDER_CUT : RECORDER_NOTHING);
}

/* No event at rest but a trigger, and none while closing but its end, moves a recorder; every entry has its place. */
static void test_events_that_come_late_change_nothing(void **state)
{
	(void)state;
	for (int event = 0; event < RECORDER_EVENTS; event++) {
		if (event != RECORDER_TRIGGER && event != RECORDER_PAST_KEPT)
			expect(RECORDER_IDLE, (enum recorder_event)event, RECORDER_IDLE, RECORDER_NOTHING);
		if (event != RECORDER_TRIGGER)
			expect(RECORDER_BUFFERING, (enum recorder_event)event, RECORDER_BUFFERING, RECORDER_NOTHING);
		if (event != RECORDER_TRIGGER && event != RECORDER_CLOSED)
			expect(RECORDER_CLOSING, (enum recorder_event)event, RECORDER_CLOSING, RECORDER_NOTHING);
		assert_int_not_equal(strcmp(recorder_event_text((enum recorder_event)event), "?"), 0);
	}
	assert_string_equal(recorder_state_text(RECORDER_STATES), "?");
	assert_string_equal(recorder_state_text(RECORDER_RECORDING), "recording");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_clip_from_trigger_to_name),
		cmocka_unit_test(test_a_trigger_moves_the_end_until_the_last_frame_is_written),
		cmocka_unit_test(test_a_failure_closes_what_is_there),
		cmocka_unit_test(test_stop_cuts_only_what_is_recording),
		cmocka_unit_test(test_events_that_come_late_change_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
