#include "base/memory.h"
#include "base/number.h"
#include "service/status_groups.h"

struct snapshot {
	const struct budget *budget;
	uint64_t rss, max_rss, program, camera, ring, heap, stacks, exports;
	int64_t available;
	size_t slots_asked;
	const char *slots_reason;
	double swap_percent;
	status_lister claims;
};

static double mib(uint64_t bytes)
{
	return (double)bytes / (1 << 20);
}

static void list_claims(struct status_list *list, const void *from)
{
	const struct snapshot *snapshot = from;
	const struct budget *budget = snapshot->budget;
	for (size_t i = 0; i < budget->claim_count; i++) {
		const struct budget_claim *claim = &budget->claims[i];
		if (claim->wanted == 0)
			continue;
		status_list_next(list);
		status_list_text(list, "name", claim->name);
		status_list_number(list, "mib", mib((uint64_t)claim->granted * claim->unit_bytes));
		status_list_number(list, "wanted_mib", mib((uint64_t)claim->wanted * claim->unit_bytes));
		status_list_text(list, "reason", budget_bound_text(budget_bound_of(budget, claim)));
	}
}

/* The parts add up to the whole. What was taken but never touched is not resident, so each is cut to what is left for
 * it. */
static void take_parts(const struct status_memory_data *from, struct snapshot *snapshot)
{
	const struct memory_parts parts = memory_parts();
	struct capture_status capture;
	capture_status(from->capture, &capture);
	snapshot->rss = parts.files + parts.shared + parts.anonymous;
	snapshot->program = parts.files;
	snapshot->ring = min_u64(budget_mapped_bytes(from->budget), parts.anonymous);
	const uint64_t heap = min_u64(parts.heap, parts.anonymous - snapshot->ring);
	snapshot->stacks = parts.anonymous - snapshot->ring - heap;
	/* in memfds or in the heap */
	snapshot->camera = min_u64(capture.camera.description.buffer_bytes, heap + parts.shared);
	snapshot->heap = heap + parts.shared - snapshot->camera;
}

static void take(const void *data, void *into)
{
	const struct status_memory_data *from = data;
	struct snapshot *snapshot = into;
	const struct budget *budget = snapshot->budget = from->budget;
	const struct budget_claim *frames = budget_claim_of(budget, BUDGET_FRAME_RING);
	take_parts(from, snapshot);
	snapshot->max_rss = budget->max_rss;
	snapshot->exports = budget_claim_of(budget, BUDGET_EXPORTS)->unit_bytes;
	snapshot->available = (int64_t)budget->available; /* unknown: UINT64_MAX */
	snapshot->slots_asked = frames->wanted;
	snapshot->slots_reason = budget_bound_text(budget_bound_of(budget, frames));
	snapshot->claims = list_claims;
	snapshot->swap_percent = memory_swap_percent();
}

#define ROW(path, form, member, kind, unit, help)                                                                      \
	{                                                                                                                  \
		path, form, offsetof(struct snapshot, member), kind, unit, help                                                \
	}
static const struct status_row rows[] = {
	ROW("memory.rss_mib", STATUS_MIB, rss, STATUS_GAUGE, "MiB",
	    "Resident memory of the process; the five parts that follow the limit add up to it."),
	ROW("memory.max_rss_mib", STATUS_MIB, max_rss, STATUS_INFO, "MiB", "Its limit."),
	ROW("memory.program_mib", STATUS_MIB, program, STATUS_GAUGE, "MiB",
	    "Program and libraries, as far as they are used."),
	ROW("memory.camera_mib", STATUS_MIB, camera, STATUS_GAUGE, "MiB", "The camera's buffers."),
	ROW("memory.ring_mib", STATUS_MIB, ring, STATUS_GAUGE, "MiB", "The rings, and room for stacks."),
	ROW("memory.heap_mib", STATUS_MIB, heap, STATUS_GAUGE, "MiB", "The heap without the camera's buffers."),
	ROW("memory.stacks_mib", STATUS_MIB, stacks, STATUS_GAUGE, "MiB", "Stacks of threads, and what else is anonymous."),
	ROW("memory.export_scratch_mib", STATUS_MIB, exports, STATUS_INFO, "MiB", "What exports may take at most."),
	ROW("memory.available_at_start_mib", STATUS_MIB_OR_NULL, available, STATUS_INFO, "MiB",
	    "What the machine had available at the start."),
	ROW("memory.slots_asked", STATUS_SIZE, slots_asked, STATUS_INFO, "frames", "`ring.size`."),
	ROW("memory.slots_reason", STATUS_WORDS, slots_reason, STATUS_INFO, "", "What decided how many it became."),
	ROW("memory.claims", STATUS_LIST, claims, STATUS_INFO, "",
	    "Who may take how much: objects of `name`, `mib` granted, `wanted_mib` and the `reason`."),
	ROW("memory.swap_percent", STATUS_DOUBLE, swap_percent, STATUS_GAUGE, "%",
	    "Swap in use, of the whole machine; 0 without swap."),
};

const struct status_group status_memory = STATUS_GROUP(rows, struct snapshot, take);
