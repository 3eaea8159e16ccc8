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

/* Every cell, as docs/clips.md has it: what is not named there changes nothing. */
static void test_every_state_and_event(void **state)
{
	(void)state;
	static const struct {
		enum recorder_state state;
		enum recorder_event event;
		struct recorder_step step;
	} moves[] = {
		{ RECORDER_IDLE, RECORDER_PAST_KEPT, { RECORDER_BUFFERING, RECORDER_NOTHING } },
		{ RECORDER_IDLE, RECORDER_TRIGGER, { RECORDER_RECORDING, RECORDER_START } },
		{ RECORDER_BUFFERING, RECORDER_TRIGGER, { RECORDER_RECORDING, RECORDER_START } },
		{ RECORDER_RECORDING, RECORDER_TRIGGER, { RECORDER_RECORDING, RECORDER_EXTEND } },
		{ RECORDER_RECORDING, RECORDER_STOP, { RECORDER_RECORDING, RECORDER_CUT } },
		{ RECORDER_RECORDING, RECORDER_END_PASSED, { RECORDER_FINALIZING, RECORDER_NOTHING } },
		{ RECORDER_RECORDING, RECORDER_LAST_WRITTEN, { RECORDER_CLOSING, RECORDER_CLOSE } },
		{ RECORDER_RECORDING, RECORDER_FAIL, { RECORDER_CLOSING, RECORDER_CLOSE } },
		{ RECORDER_FINALIZING, RECORDER_TRIGGER, { RECORDER_RECORDING, RECORDER_EXTEND } },
		{ RECORDER_FINALIZING, RECORDER_LAST_WRITTEN, { RECORDER_CLOSING, RECORDER_CLOSE } },
		{ RECORDER_FINALIZING, RECORDER_FAIL, { RECORDER_CLOSING, RECORDER_CLOSE } },
		{ RECORDER_CLOSING, RECORDER_TRIGGER, { RECORDER_CLOSING, RECORDER_ELSE } },
		{ RECORDER_CLOSING, RECORDER_CLOSED, { RECORDER_IDLE, RECORDER_NOTHING } },
	};
	for (int from = 0; from < RECORDER_STATES; from++) {
		for (int event = 0; event < RECORDER_EVENTS; event++) {
			struct recorder_step step = { (enum recorder_state)from, RECORDER_NOTHING };
			for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++)
				if ((int)moves[i].state == from && (int)moves[i].event == event)
					step = moves[i].step;
			expect((enum recorder_state)from, (enum recorder_event)event, step.next, step.action);
		}
	}
}

static void test_states_and_events_have_names(void **state)
{
	(void)state;
	for (int event = 0; event < RECORDER_EVENTS; event++)
		assert_string_not_equal(recorder_event_text((enum recorder_event)event), "?");
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
		cmocka_unit_test(test_every_state_and_event),
		cmocka_unit_test(test_states_and_events_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
