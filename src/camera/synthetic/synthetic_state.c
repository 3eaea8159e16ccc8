#include "synthetic_state.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"

static struct synthetic_state kept_state;

static int begin(struct synthetic_state *state, const char *faults, struct error *error)
{
	if (strlen(faults) >= sizeof state->text)
		return error_set(error, -EINVAL, "the camera faults take more than %zu characters", sizeof state->text - 1);
	struct fault_plan plan;
	int result = faults_parse(faults, &plan, error);
	if (result < 0)
		return result;
	strcpy(state->text, faults);
	state->plan = plan;
	state->begun = true;
	state->runs = false;
	state->begun_ns = clock_now_ns();
	return 0;
}

struct synthetic_state *synthetic_state_open(const char *faults, int *result, struct error *error)
{
	bool same = kept_state.begun && strcmp(kept_state.text, faults) == 0;
	*result = same ? 0 : begin(&kept_state, faults, error);
	return &kept_state;
}

void synthetic_state_run(struct synthetic_state *state, int64_t now_ns)
{
	if (!state->runs)
		state->begun_ns = now_ns;
	state->runs = true;
}

double synthetic_state_seconds(const struct synthetic_state *state, int64_t at_ns)
{
	return (double)(at_ns - state->begun_ns) / (double)CLOCK_NS_PER_S;
}

bool synthetic_state_has(const struct synthetic_state *state, enum fault_kind kind)
{
	return faults_active(&state->plan, kind, synthetic_state_seconds(state, clock_now_ns()));
}

void synthetic_state_heal(struct synthetic_state *state, enum fault_kind kind)
{
	faults_heal(&state->plan, kind, synthetic_state_seconds(state, clock_now_ns()));
}

bool synthetic_state_spoils_frame(struct synthetic_state *state, enum fault_kind kind)
{
	bool spoils = synthetic_state_has(state, kind);
	if (spoils)
		synthetic_state_heal(state, kind);
	return spoils;
}
