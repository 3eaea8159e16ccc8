#include "retention_rules.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/number.h"

#define MIB INT64_C(1048576)
#define FREE_LEAST (200 * MIB)
#define FLOOR_MOST (16 * MIB)
#define JUMP_NS (5 * CLOCK_NS_PER_S)
#define YOUNG_NS (60 * CLOCK_NS_PER_S)
#define AGE_TRUST_NS (3600 * CLOCK_NS_PER_S)

struct rules_room rules_room(int64_t asked, int64_t total)
{
	int64_t share = total / 20;
	int64_t min_free = asked < 0 ? min_i64(max_i64(share, FREE_LEAST), total / 10) : min_i64(asked, total / 2);
	return (struct rules_room){
		.min_free = min_free,
		.goal = min_free + min_free / 8,
		.floor = min_i64(min_free / 2, FLOOR_MOST),
	};
}

int64_t rules_look(struct rules_clock *clock, int64_t wall_ns, int64_t monotonic_ns)
{
	int64_t jump_ns = wall_ns - monotonic_ns - clock->ahead_ns;
	clock->ahead_ns += jump_ns;
	if (!clock->started) {
		clock->started = true;
		clock->steady_ns = monotonic_ns;
		return 0;
	}
	if (llabs(jump_ns) < JUMP_NS)
		return 0;
	clock->jumped = true;
	clock->steady_ns = monotonic_ns;
	return jump_ns;
}

enum rules_reason rules_must_go(const struct rules_state *state, const struct scan_picture *oldest)
{
	int64_t steady_ns = state->monotonic_ns - state->clock.steady_ns;
	int64_t age_ns = state->wall_ns - oldest->modified_ns;
	if ((state->clock.jumped && steady_ns < YOUNG_NS) || llabs(age_ns) < YOUNG_NS)
		return RETENTION_KEEP;
	if (state->max_age_ns > 0 && !oldest->ahead && age_ns > state->max_age_ns && steady_ns >= AGE_TRUST_NS)
		return RETENTION_AGE;
	if (state->max_total > 0 && state->total > state->max_total)
		return RETENTION_TOTAL;
	return state->missing_bytes > 0 ? RETENTION_FREE_SPACE : RETENTION_KEEP;
}
