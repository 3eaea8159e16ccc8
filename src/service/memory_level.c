#include <stdio.h>

#include "base/clock.h"
#include "service/memory_guard.h"

#define MIB_OF(bytes) ((double)(bytes) / 1048576)

static const double little = 0.10, hardly_any = 0.01; /* shares that are available */
static const double waiting_percent = 10, thrashing_percent = 30;
static const double swapping_mib_s = 1, thrashing_mib_s = 8;
static const int64_t calm_ns = 15 * CLOCK_NS_PER_S, slow_pace_ns = 1500000000;

/* One place where memory can be short; -1: not known. */
struct place {
	double available_mib, total_mib, full_avg10, swapped_mib_s;
};

static enum memory_level level_of(const struct place *place)
{
	if (place->available_mib < 0 || place->total_mib <= 0 || place->available_mib > little * place->total_mib)
		return MEMORY_ENOUGH;
	if (place->full_avg10 >= thrashing_percent || place->swapped_mib_s >= thrashing_mib_s)
		return MEMORY_THRASHING;
	if (place->full_avg10 >= waiting_percent || place->swapped_mib_s >= swapping_mib_s ||
	    place->available_mib < hardly_any * place->total_mib)
		return MEMORY_TIGHT;
	return MEMORY_ENOUGH;
}

static struct place machine_place(struct memory_guard *guard, const struct memory_pressure *machine, int64_t now_ns)
{
	struct place place = { -1, -1, machine->full_avg10, -1 };
	if (machine->available != MEMORY_UNKNOWN && machine->total != MEMORY_UNKNOWN) {
		place.available_mib = MIB_OF(machine->available);
		place.total_mib = MIB_OF(machine->total);
	}
	if (guard->read_ns != 0 && now_ns > guard->read_ns && machine->swapped != MEMORY_UNKNOWN &&
	    machine->swapped >= guard->swapped)
		place.swapped_mib_s =
		    MIB_OF(machine->swapped - guard->swapped) / ((double)(now_ns - guard->read_ns) / (double)CLOCK_NS_PER_S);
	guard->swapped = machine->swapped;
	guard->read_ns = now_ns;
	return place;
}

/* Swap is the machine's: who uses it in which cgroup nobody tells. */
static struct place cgroup_place(const struct memory_cgroup *cgroup)
{
	if (cgroup->limit == UINT64_MAX)
		return (struct place){ -1, -1, -1, -1 };
	return (struct place){ MIB_OF(cgroup->limit - cgroup->used), MIB_OF(cgroup->limit), cgroup->full_avg10, -1 };
}

static void explain(struct memory_guard *guard, const struct place *place, const char *where)
{
	int length = snprintf(guard->why, sizeof guard->why, "memory is short: %.0f of %.0f MiB%s are available",
	                      place->available_mib, place->total_mib, where);
	if (place->full_avg10 >= waiting_percent)
		length += snprintf(guard->why + length, sizeof guard->why - (size_t)length,
		                   ", everything waits for it for %.0f %% of the time", place->full_avg10);
	if (place->swapped_mib_s >= swapping_mib_s)
		snprintf(guard->why + length, sizeof guard->why - (size_t)length, ", %.1f MiB a second are swapped",
		         place->swapped_mib_s);
}

bool memory_guard_read(struct memory_guard *guard, const struct memory_pressure *machine,
                       const struct memory_cgroup *cgroup, int64_t now_ns)
{
	const struct place places[] = { machine_place(guard, machine, now_ns), cgroup_place(cgroup) };
	enum memory_level of[] = { level_of(&places[0]), level_of(&places[1]) };
	int worst = of[1] > of[0];
	enum memory_level before = guard->level;
	if (of[worst] < before && now_ns - guard->as_bad_ns < calm_ns)
		return false;
	guard->level = of[worst];
	guard->as_bad_ns = now_ns;
	if (guard->level == MEMORY_ENOUGH)
		guard->why[0] = '\0';
	else
		explain(guard, &places[worst], worst ? " of its cgroup" : "");
	return guard->level != before;
}

int64_t memory_guard_pace_ns(enum memory_level level)
{
	switch (level) {
	case MEMORY_ENOUGH:
		return 0;
	case MEMORY_TIGHT:
		return slow_pace_ns;
	case MEMORY_THRASHING:
		return INT64_MAX;
	}
	return 0;
}
