#include "store/budget.h"

static uint64_t less(uint64_t from, uint64_t what)
{
	return from > what ? from - what : 0;
}

struct budget budget_slots(const struct budget_request *request)
{
	uint64_t beside = (uint64_t)request->scratch + request->reserved;
	uint64_t usable = (uint64_t)((double)request->available * request->available_fraction);
	struct budget budget = {
		.by_available = less(usable, beside),
		.by_rss = less(request->max_rss, request->rss_now + beside),
		.by_cgroup = request->cgroup_limit == UINT64_MAX ? UINT64_MAX
		                                                 : less(request->cgroup_limit, request->cgroup_used + beside),
	};
	uint64_t least = budget.by_available;
	enum budget_bound bound = BUDGET_AVAILABLE;
	if (budget.by_rss < least) {
		least = budget.by_rss;
		bound = BUDGET_RSS;
	}
	if (budget.by_cgroup < least) {
		least = budget.by_cgroup;
		bound = BUDGET_CGROUP;
	}
	uint64_t fits = least / request->slot_bytes;
	budget.slots = fits < request->slots ? (size_t)fits : request->slots;
	budget.bound = fits < request->slots ? bound : BUDGET_ASKED;
	if (request->shrink < 1.0) {
		budget.slots = (size_t)((double)budget.slots * request->shrink);
		budget.bound = BUDGET_SHRUNK;
	}
	return budget;
}

const char *budget_bound_text(enum budget_bound bound)
{
	switch (bound) {
	case BUDGET_ASKED:
		return "as asked";
	case BUDGET_AVAILABLE:
		return "limited by the memory available";
	case BUDGET_RSS:
		return "limited by memory.max_rss_mb";
	case BUDGET_CGROUP:
		return "limited by the cgroup's memory limit";
	case BUDGET_SHRUNK:
		return "smaller after an exit for memory";
	}
	return "?";
}
