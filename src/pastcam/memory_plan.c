/* Who claims memory, and what the machine has. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/memory.h"
#include "compose.h"
#include "daemon_parts.h"
#include "service/memory_guard.h"

static const double mib = 1 << 20;

/* Code of libraries that is only touched by the first export, and threads' stacks: measured at 3 to 4 MiB. */
static const uint64_t later_bytes = 6 << 20;

/* One statement each; the frame ring, which takes what is left, comes last. */
static void add_claims(const struct daemon *daemon, struct budget *budget)
{
	const struct config *config = daemon->config;
	int width, height, full_width = config->camera.width, full_height = config->camera.height;
	compose_ring_size(config, &width, &height);
	size_t scratch = jobs_scratch_bytes(full_width, full_height, pool_width(daemon->pool));
	size_t results = jobs_result_bytes(frame_bytes(width, height));
	size_t full = frame_ring_slot_bytes(full_width, full_height), slot = frame_ring_slot_bytes(width, height);
	size_t full_slots = config->ring.downscale ? COMPOSE_FULL_SLOTS : 0;
	size_t ring = (size_t)config->ring.size;

	budget_add(budget, (struct budget_claim){ .name = BUDGET_EXPORTS, .unit_bytes = scratch, .least = 1, .wanted = 1 });
	budget_add(budget, (struct budget_claim){
	                       .name = "stacks", .unit_bytes = results, .least = 1, .wanted = 1, .is_mapped = true });
	budget_add(budget, (struct budget_claim){ .name = "full-size frames",
	                                          .unit_bytes = full,
	                                          .least = full_slots,
	                                          .wanted = full_slots,
	                                          .is_mapped = true });
	budget_add(budget, (struct budget_claim){ .name = BUDGET_FRAME_RING,
	                                          .unit_bytes = slot,
	                                          .least = FRAME_RING_SLOTS_MIN,
	                                          .wanted = ring,
	                                          .is_mapped = true });
}

const char *daemon_exits_folder(struct daemon *daemon)
{
	const char *folder = memory_guard_folder(), *name = daemon->config->name;
	if (!folder || !name[0])
		return folder;
	int length = snprintf(daemon->exits_folder, sizeof daemon->exits_folder, "%s/%s", folder, name);
	if (length >= (int)sizeof daemon->exits_folder || (mkdir(daemon->exits_folder, 0755) < 0 && errno != EEXIST))
		return NULL;
	return daemon->exits_folder;
}

static void measure(struct daemon *daemon, struct budget *budget)
{
	const struct config *config = daemon->config;
	struct memory_cgroup cgroup = memory_cgroup();
	struct camera_status camera;
	camera_status(daemon->camera, &camera);
	/* Camera buffers are not resident before the first frames come. Of a camera that is not open yet: four buffers of
	 * three bytes a pixel are the most that it will take. */
	size_t unopened = 4 * frame_bytes(config->camera.width, config->camera.height);
	size_t buffers = camera.description.buffer_bytes;
	uint64_t soon = later_bytes + (buffers ? buffers : unopened);
	budget->available = memory_available();
	budget->rss_now = memory_rss() + soon;
	budget->cgroup_limit = cgroup.limit;
	budget->cgroup_used = cgroup.used + soon;
	budget->shrink = memory_guard_shrink(daemon_exits_folder(daemon));
}

static void log_claim(const struct budget *budget, const struct budget_claim *claim)
{
	double unit = (double)claim->unit_bytes / mib, all = unit * (double)claim->granted;
	const char *reason = budget_bound_text(budget_bound_of(budget, claim));
	if (claim->wanted > 1)
		log_info("Memory for %s: %.1f MiB, %zu of %.2f MiB (%zu asked; %s)", claim->name, all, claim->granted, unit,
		         claim->wanted, reason);
	else if (claim->wanted == 1)
		log_info("Memory for %s: %.1f MiB", claim->name, all);
}

/* -1 for what is not known, or no limit. */
static double known_mib(uint64_t bytes)
{
	return bytes == UINT64_MAX ? -1 : (double)bytes / mib;
}

static void log_budget(const struct budget *budget)
{
	log_info("Memory: available %.1f MiB x %.2f leaves %.1f; max_rss %.1f - RSS now and soon %.1f leaves %.1f; cgroup "
	         "leaves %.1f (-1: not known, or no limit)",
	         known_mib(budget->available), budget->available_fraction, known_mib(budget->by_available),
	         (double)budget->max_rss / mib, (double)budget->rss_now / mib, (double)budget->by_rss / mib,
	         known_mib(budget->by_cgroup));
	for (size_t i = 0; i < budget->claim_count; i++)
		log_claim(budget, &budget->claims[i]);
}

static int explain_shortage(const struct budget *budget, struct error *error)
{
	const struct budget_claim *ring = budget_claim_of(budget, BUDGET_FRAME_RING);
	return error_set(error, -ENOMEM,
	                 "only %zu frames of %.1f MiB fit into memory (%s), at least %zu are needed: make the pictures "
	                 "smaller, enable ring.downscale or raise memory.max_rss_mb",
	                 ring->granted, (double)ring->unit_bytes / mib, budget_bound_text(budget->bound), ring->least);
}

int daemon_make_budget(struct daemon *daemon, struct error *error)
{
	struct budget *budget = &daemon->budget;
	*budget = compose_budget(daemon->config);
	measure(daemon, budget);
	add_claims(daemon, budget);
	budget_divide(budget);
	log_budget(budget);
	return budget_short(budget) ? explain_shortage(budget, error) : 0;
}
