/* Who claims memory, and what the machine has. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/memory.h"
#include "compose.h"
#include "compose_motion.h"
#include "compose_seal.h"
#include "daemon_parts.h"
#include "service/memory_guard.h"

/* Files being written while all of the pool write pictures: single pictures, and clips. */
enum { SEALED_BESIDE = 2 + RECORDER_CLIPS };

static const double mib = 1 << 20;

/* Code of libraries that is only touched by the first export, and threads' stacks: measured at 3 to 4 MiB. */
static const uint64_t later_bytes = 6 << 20;

/* One statement each; the frame ring, which takes what is left, comes last. */
static void add_claims(const struct config *config, size_t pool_width, struct budget *budget)
{
	int width, height, full_width, full_height;
	compose_ring_size(config, &width, &height);
	compose_full_size(config, &full_width, &full_height);
	size_t scratch = jobs_scratch_bytes(full_width, full_height, pool_width);
	size_t results = jobs_result_bytes(frame_bytes(width, height));
	size_t full = frame_ring_slot_bytes(full_width, full_height), slot = frame_ring_slot_bytes(width, height);
	size_t full_slots = config->ring.downscale ? COMPOSE_FULL_SLOTS : 0;
	size_t ring = (size_t)config->ring.size;

	budget_add(budget, (struct budget_claim){ .name = "log", .unit_bytes = log_kept_bytes(), .least = 1, .wanted = 1 });
	budget_add(budget,
	           (struct budget_claim){
	               .name = "events", .unit_bytes = event_log_bytes(EVENT_LOG_CAPACITY), .least = 1, .wanted = 1 });
	budget_add(budget, (struct budget_claim){
	                       .name = "replies", .unit_bytes = compose_replies_bytes(config), .least = 1, .wanted = 1 });
	budget_add(budget, (struct budget_claim){ .name = BUDGET_EXPORTS, .unit_bytes = scratch, .least = 1, .wanted = 1 });
	budget_add(budget, (struct budget_claim){
	                       .name = "stacks", .unit_bytes = results, .least = 1, .wanted = 1, .is_mapped = true });
	if (compose_is_sealed(config))
		budget_add(budget, (struct budget_claim){ .name = "sealing",
		                                          .unit_bytes = (pool_width + SEALED_BESIDE) * seal_scratch_bytes(),
		                                          .least = 1,
		                                          .wanted = 1 });
	if (config->motion.enable) {
		static struct motion_setup setup;
		compose_daemon_motion(config, &setup, NULL);
		budget_add(budget, (struct budget_claim){ .name = "motion",
		                                          .unit_bytes = motion_watch_bytes(&setup, config->camera.second),
		                                          .least = 1,
		                                          .wanted = 1 });
	}
	daemon_claim_video(config, budget);
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
	/* Most camera buffers are not resident before the first frames come. Of a camera that is not open yet: four buffers
	 * of three bytes a pixel are the most that it will take. */
	size_t unopened = 4 * frame_bytes(config->camera.width, config->camera.height);
	const struct camera_description *open = &camera.description;
	uint64_t soon = later_bytes + (open->buffer_bytes ? open->buffer_bytes - open->touched_bytes : unopened);
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

/* --- what would work --- */

enum { ADVICE_MIB = 10, ADVICE_PIXELS = 16, ADVICE_SMALLEST = 160, ADVICE_BYTES = 256 };

/* The budget of another configuration on the same machine. */
static struct budget budget_if(const struct daemon *daemon, const struct config *config)
{
	struct budget budget = daemon->budget;
	budget.claim_count = 0;
	add_claims(config, pool_width(daemon->pool), &budget);
	budget_divide(&budget);
	return budget;
}

static uint64_t room_of(const struct budget *budget)
{
	uint64_t room = budget->by_available < budget->by_rss ? budget->by_available : budget->by_rss;
	return budget->by_cgroup < room ? budget->by_cgroup : room;
}

/* memory.max_rss_mb that would do, where the machine has as much; else 0. */
static unsigned advised_max_rss(const struct daemon *daemon)
{
	const struct budget *budget = &daemon->budget;
	uint64_t least = budget_least_bytes(budget);
	uint64_t elsewhere = budget->by_available < budget->by_cgroup ? budget->by_available : budget->by_cgroup;
	if (least > elsewhere)
		return 0;
	unsigned mb = (unsigned)((double)(budget->rss_now + least) / mib) + 1;
	return (mb + ADVICE_MIB - 1) / ADVICE_MIB * ADVICE_MIB;
}

/* The largest size of the camera's proportions that fits: of the camera itself, or of the ring alone. */
static bool advise_size(const struct daemon *daemon, bool of_ring, int *width, int *height)
{
	struct config other = *daemon->config;
	const int full_width = other.camera.width, full_height = other.camera.height;
	const int smallest = other.ring.downscale && !of_ring ? other.ring.downscale_width : ADVICE_SMALLEST;
	other.ring.downscale = other.ring.downscale || of_ring;
	for (*width = (full_width - 1) / ADVICE_PIXELS * ADVICE_PIXELS; *width >= smallest; *width -= ADVICE_PIXELS) {
		*height = (int)((int64_t)*width * full_height / full_width) / 2 * 2;
		*(of_ring ? &other.ring.downscale_width : &other.camera.width) = *width;
		*(of_ring ? &other.ring.downscale_height : &other.camera.height) = *height;
		struct budget budget = budget_if(daemon, &other);
		if (!budget_short(&budget))
			return true;
	}
	return false;
}

__attribute__((format(printf, 2, 3))) static void append(char text[ADVICE_BYTES], const char *format, ...)
{
	const size_t used = strlen(text);
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text + used, ADVICE_BYTES - used, format, arguments);
	va_end(arguments);
}

static void advise(const struct daemon *daemon, char text[ADVICE_BYTES])
{
	const unsigned max_rss = advised_max_rss(daemon);
	int width, height;
	if (max_rss > 0)
		append(text, "memory.max_rss_mb %u", max_rss);
	if (advise_size(daemon, true, &width, &height))
		append(text, "%sring.downscale to %dx%d", text[0] ? ", or " : "", width, height);
	if (advise_size(daemon, false, &width, &height))
		append(text, "%scamera.width and height of %dx%d", text[0] ? ", or " : "", width, height);
}

static int explain_shortage(const struct daemon *daemon, struct error *error)
{
	const struct budget *budget = &daemon->budget;
	char advice[ADVICE_BYTES] = "";
	int width, height;
	advise(daemon, advice);
	compose_ring_size(daemon->config, &width, &height);
	return error_set(error, -ENOMEM, "%d frames of %dx%d and their exports need %.0f MiB, there are %.0f (%s). %s%s",
	                 FRAME_RING_SLOTS_MIN, width, height, (double)budget_least_bytes(budget) / mib,
	                 (double)room_of(budget) / mib, budget_bound_text(budget->bound),
	                 advice[0] ? "What works: " : "Free some memory", advice);
}

int daemon_make_budget(struct daemon *daemon, struct error *error)
{
	struct budget *budget = &daemon->budget;
	*budget = compose_budget(daemon->config);
	measure(daemon, budget);
	add_claims(daemon->config, pool_width(daemon->pool), budget);
	budget_divide(budget);
	log_budget(budget);
	return budget_short(budget) ? explain_shortage(daemon, error) : 0;
}
