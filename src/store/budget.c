#include "store/budget.h"

#include <assert.h>
#include <string.h>

static uint64_t less(uint64_t from, uint64_t what)
{
	return from > what ? from - what : 0;
}

void budget_add(struct budget *budget, struct budget_claim claim)
{
	assert(budget->claim_count < BUDGET_CLAIMS_MAX && claim.unit_bytes > 0 && claim.least <= claim.wanted);
	claim.granted = 0;
	budget->claims[budget->claim_count++] = claim;
}

/* Up to units more for claim; returns the room that is left. */
static uint64_t grant(struct budget_claim *claim, size_t units, uint64_t room)
{
	uint64_t fits = room / claim->unit_bytes;
	size_t more = fits < units ? (size_t)fits : units;
	claim->granted += more;
	return room - (uint64_t)more * claim->unit_bytes;
}

static uint64_t find_room(struct budget *budget)
{
	/* What is not known is no bound. */
	budget->by_available = budget->available == UINT64_MAX
	                           ? UINT64_MAX
	                           : (uint64_t)((double)budget->available * budget->available_fraction);
	budget->by_rss = less(budget->max_rss, budget->rss_now);
	budget->by_cgroup =
	    budget->cgroup_limit == UINT64_MAX ? UINT64_MAX : less(budget->cgroup_limit, budget->cgroup_used);
	uint64_t room = budget->by_available;
	budget->bound = BUDGET_AVAILABLE;
	if (budget->by_rss < room) {
		room = budget->by_rss;
		budget->bound = BUDGET_RSS;
	}
	if (budget->by_cgroup < room) {
		room = budget->by_cgroup;
		budget->bound = BUDGET_CGROUP;
	}
	return room;
}

void budget_divide(struct budget *budget)
{
	uint64_t room = find_room(budget);
	for (size_t i = 0; i < budget->claim_count; i++) {
		budget->claims[i].granted = 0;
		room = grant(&budget->claims[i], budget->claims[i].least, room);
	}
	if (budget_short(budget))
		return;
	for (size_t i = 0; i < budget->claim_count; i++) {
		struct budget_claim *claim = &budget->claims[i];
		room = grant(claim, claim->wanted - claim->least, room);
		claim->granted = claim->least + (size_t)((double)(claim->granted - claim->least) * budget->shrink);
	}
}

const struct budget_claim *budget_short(const struct budget *budget)
{
	for (size_t i = 0; i < budget->claim_count; i++)
		if (budget->claims[i].granted < budget->claims[i].least)
			return &budget->claims[i];
	return NULL;
}

const struct budget_claim *budget_claim_of(const struct budget *budget, const char *name)
{
	size_t i = 0;
	while (i < budget->claim_count && strcmp(budget->claims[i].name, name) != 0)
		i++;
	assert(i < budget->claim_count);
	return &budget->claims[i];
}

enum budget_bound budget_bound_of(const struct budget *budget, const struct budget_claim *claim)
{
	if (budget->shrink < 1 && claim->wanted > claim->least && claim->granted >= claim->least)
		return BUDGET_SHRUNK;
	return claim->granted == claim->wanted ? BUDGET_ASKED : budget->bound;
}

uint64_t budget_least_bytes(const struct budget *budget)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < budget->claim_count; i++)
		bytes += (uint64_t)budget->claims[i].least * budget->claims[i].unit_bytes;
	return bytes;
}

uint64_t budget_mapped_bytes(const struct budget *budget)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < budget->claim_count; i++)
		if (budget->claims[i].is_mapped)
			bytes += (uint64_t)budget->claims[i].granted * budget->claims[i].unit_bytes;
	return bytes;
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
