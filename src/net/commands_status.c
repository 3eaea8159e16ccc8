/* `status`: all that is known, as one line of JSON. */
#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "net/commands.h"

/* Times are rounded so that the line stays readable: 3 decimals. */
static double rounded(double value)
{
	return round(value * 1000) / 1000;
}

static void add_number(cJSON *object, const char *name, double value)
{
	cJSON_AddNumberToObject(object, name, rounded(value));
}

static void add_count(cJSON *object, const char *name, uint64_t value)
{
	cJSON_AddNumberToObject(object, name, (double)value);
}

static void add_mib(cJSON *object, const char *name, uint64_t bytes)
{
	add_number(object, name, (double)bytes / (1024 * 1024));
}

/* null when it is negative. */
static void add_mib_if_known(cJSON *object, const char *name, int64_t bytes)
{
	if (bytes < 0)
		cJSON_AddNullToObject(object, name);
	else
		add_mib(object, name, (uint64_t)bytes);
}

/* Seconds since a monotonic moment; null when it never was. */
static void add_age(cJSON *object, const char *name, int64_t then_ns)
{
	if (then_ns == 0)
		cJSON_AddNullToObject(object, name);
	else
		add_number(object, name, (double)(clock_now_ns() - then_ns) / (double)CLOCK_NS_PER_S);
}

static void add_camera(cJSON *root, const struct capture_status *capture)
{
	const struct camera_status *camera = &capture->camera;
	cJSON *object = cJSON_AddObjectToObject(root, "camera");
	bool paused = capture->pace_ns == INT64_MAX;
	cJSON_AddStringToObject(object, "state", paused ? "paused" : camera_state_text(camera->state));
	cJSON_AddStringToObject(object, "model", camera->description.model);
	cJSON_AddStringToObject(object, "id", camera->description.id);
	cJSON_AddStringToObject(object, "format", camera->description.format);
	cJSON_AddNumberToObject(object, "width", camera->description.width);
	cJSON_AddNumberToObject(object, "height", camera->description.height);
	cJSON_AddStringToObject(object, "trouble", camera->trouble);
	add_count(object, "frames", camera->frames);
	add_count(object, "lost", camera->lost);
	add_count(object, "rejected", capture->rejected);
	add_count(object, "skipped", capture->skipped);
	add_count(object, "dropped", capture->dropped);
	add_count(object, "stalls", camera->stalls);
	add_count(object, "restarts", camera->restarts);
	add_count(object, "reopens", camera->reopens);
	add_count(object, "failures", camera->failures);
	add_count(object, "unreadable", camera->unreadable);
	cJSON_AddStringToObject(object, "unreadable_reason", camera->unreadable_reason);
	add_age(object, "last_frame_age_s", camera->last_frame_ns);
	add_number(object, "ingest_mean_ms", capture->ingest_mean_ms);
	add_number(object, "late_p50_ms", capture->late_p50_ms);
	add_number(object, "late_p999_ms", capture->late_p999_ms);
}

static void add_capture(cJSON *root, const struct capture_status *capture)
{
	bool paused = capture->pace_ns == INT64_MAX;
	cJSON *object = cJSON_AddObjectToObject(root, "capture");
	cJSON_AddStringToObject(object, "state", paused ? "paused" : capture->pace_ns ? "slowed" : "running");
	cJSON_AddStringToObject(object, "reason", capture->pace_why);
	if (paused)
		cJSON_AddNullToObject(object, "frame_interval_s");
	else
		add_number(object, "frame_interval_s", (double)capture->pace_ns / (double)CLOCK_NS_PER_S);
	add_age(object, "paused_for_s", capture->paused_since_ns);
}

static void add_ring(cJSON *root, const struct commands *commands, const struct capture_status *capture)
{
	struct frame_ring_status ring;
	int width, height;
	frame_ring_status(commands->ring, &ring);
	frame_ring_frame_size(commands->ring, &width, &height);
	cJSON *object = cJSON_AddObjectToObject(root, "ring");
	add_count(object, "slots", ring.slots);
	add_count(object, "frames", ring.filled);
	add_count(object, "pinned", ring.pinned);
	add_count(object, "pin_limit", ring.pin_limit);
	cJSON_AddNumberToObject(object, "width", width);
	cJSON_AddNumberToObject(object, "height", height);
	add_number(object, "seconds", (double)(ring.newest_ns - ring.oldest_ns) / (double)CLOCK_NS_PER_S);
	add_age(object, "oldest_age_s", ring.oldest_ns);
	add_age(object, "newest_age_s", ring.newest_ns);
	add_count(object, "bytes", ring.slots * ring.slot_bytes);
	add_count(object, "committed", ring.committed);
	add_count(object, "newest_id", capture->newest.id);
	add_count(object, "dropped", capture->dropped);
}

static void add_night(cJSON *root, const struct capture_status *capture)
{
	const struct night_watch_status *night = &capture->night;
	cJSON *object = cJSON_AddObjectToObject(root, "night");
	cJSON_AddBoolToObject(object, "enabled", night->enabled);
	cJSON_AddStringToObject(object, "status", night->night ? "NIGHT" : "DAY");
	add_number(object, "level", night->level);
	add_number(object, "light", night->light);
	add_number(object, "mean", capture->newest.mean);
	add_number(object, "exposure_us", capture->newest.exposure_us);
	add_number(object, "gain", capture->newest.gain);
	cJSON_AddNumberToObject(object, "rung", night->rung);
	add_count(object, "night_exposure_us", (uint64_t)night->exposure_us);
	add_count(object, "switches", night->switches);
	add_count(object, "switches_today", night->switches_today);
	add_age(object, "last_switch_age_s", night->last_switch_ns);
	add_number(object, "last_gap_ms", night->last_gap_ms);
	add_number(object, "worst_gap_ms", night->worst_gap_ms);
}

static void add_exports(cJSON *root, const struct commands *commands)
{
	struct jobs_status jobs;
	jobs_status(commands->jobs, &jobs);
	cJSON *object = cJSON_AddObjectToObject(root, "exports");
	add_count(object, "waiting", jobs.waiting);
	add_count(object, "running", jobs.running);
	add_count(object, "asked", jobs.asked);
	add_count(object, "succeeded", jobs.succeeded);
	add_count(object, "kept", jobs.succeeded); /* its name in 0.1.0 */
	add_count(object, "failed", jobs.failed);
	add_count(object, "refused", jobs.refused);
	add_count(object, "files", jobs.files);
	cJSON_AddStringToObject(object, "last_error", jobs.last_error);
	add_age(object, "last_error_age_s", jobs.last_error_ns);
}

static void add_storage(cJSON *root, const struct commands *commands)
{
	struct retention_status storage;
	retention_status(commands->retention, &storage);
	cJSON *object = cJSON_AddObjectToObject(root, "storage");
	add_mib_if_known(object, "free_mib", storage.free_bytes);
	add_count(object, "pictures", storage.pictures);
	add_mib_if_known(object, "pictures_mib", storage.total_bytes);
	add_count(object, "deleted", storage.deleted);
	add_mib(object, "deleted_mib", storage.deleted_bytes);
}

static uint64_t least(uint64_t one, uint64_t other)
{
	return one < other ? one : other;
}

static void add_claims(cJSON *object, const struct budget *budget)
{
	cJSON *list = cJSON_AddArrayToObject(object, "claims");
	for (size_t i = 0; i < budget->claim_count; i++) {
		const struct budget_claim *claim = &budget->claims[i];
		if (claim->wanted == 0)
			continue;
		cJSON *item = cJSON_CreateObject();
		cJSON_AddStringToObject(item, "name", claim->name);
		add_mib(item, "mib", (uint64_t)claim->granted * claim->unit_bytes);
		add_mib(item, "wanted_mib", (uint64_t)claim->wanted * claim->unit_bytes);
		cJSON_AddStringToObject(item, "reason", budget_bound_text(budget_bound_of(budget, claim)));
		cJSON_AddItemToArray(list, item);
	}
}

/* What the process is made of; "program", "camera", "ring", "heap" and "stacks" add up to rss_mib. What was taken but
 * never touched is not resident, so each part is cut to what is left for it. */
static void add_memory(cJSON *root, const struct commands *commands, const struct capture_status *capture)
{
	struct memory_parts parts = memory_parts();
	const struct budget *budget = commands->budget;
	const struct budget_claim *frames = budget_claim_of(budget, BUDGET_FRAME_RING);
	uint64_t arena = least(budget_mapped_bytes(budget), parts.anonymous);
	uint64_t heap = least(parts.heap, parts.anonymous - arena);
	uint64_t stacks = parts.anonymous - arena - heap;
	uint64_t camera =
	    least(capture->camera.description.buffer_bytes, heap + parts.shared); /* in memfds or in the heap */
	cJSON *object = cJSON_AddObjectToObject(root, "memory");
	add_mib(object, "rss_mib", parts.files + parts.shared + parts.anonymous);
	add_mib(object, "max_rss_mib", budget->max_rss);
	add_mib(object, "program_mib", parts.files);
	add_mib(object, "camera_mib", camera);
	add_mib(object, "ring_mib", arena);
	add_mib(object, "heap_mib", heap + parts.shared - camera);
	add_mib(object, "stacks_mib", stacks);
	add_mib(object, "export_scratch_mib", budget_claim_of(budget, BUDGET_EXPORTS)->unit_bytes);
	add_mib_if_known(object, "available_at_start_mib", (int64_t)budget->available);
	add_count(object, "slots_asked", frames->wanted);
	cJSON_AddStringToObject(object, "slots_reason", budget_bound_text(budget_bound_of(budget, frames)));
	add_claims(object, budget);
	add_number(object, "swap_percent", memory_swap_percent());
}

static void add_network(cJSON *root, const struct commands *commands)
{
	struct server_status server;
	server_status(commands->server, &server);
	cJSON *object = cJSON_AddObjectToObject(root, "network");
	cJSON_AddNumberToObject(object, "port", server_port(commands->server));
	cJSON_AddNumberToObject(object, "clients", server.clients);
	add_count(object, "accepted", server.accepted);
	add_count(object, "answered", server.answered);
	add_count(object, "refused", server.refused);
	add_count(object, "timed_out", server.timed_out);
	add_count(object, "unauthorised", server.unauthorised);
}

static void add_clock(cJSON *root, const struct commands *commands)
{
	char now[40];
	cJSON *object = cJSON_AddObjectToObject(root, "clock");
	clock_format_local(clock_wall_ns(), "%Y-%m-%dT%H:%M:%S%z", now, sizeof now);
	cJSON_AddStringToObject(object, "now", now);
	cJSON_AddBoolToObject(object, "synchronised", clock_is_synchronised());
	add_age(root, "uptime_s", commands->started_ns);
}

static void add_log(cJSON *root)
{
	static const char *const levels[] = { "error", "warning", "info", "debug" };
	struct log_line lines[LOG_RECENT_COUNT];
	size_t count = log_recent(lines, LOG_RECENT_COUNT);
	cJSON *list = cJSON_AddArrayToObject(root, "last_errors");
	for (size_t i = 0; i < count; i++) {
		char when[40];
		cJSON *line = cJSON_CreateObject();
		clock_format_local(lines[i].wall_ns, "%Y-%m-%dT%H:%M:%S%z", when, sizeof when);
		cJSON_AddStringToObject(line, "time", when);
		cJSON_AddStringToObject(line, "level", levels[lines[i].level]);
		cJSON_AddStringToObject(line, "text", lines[i].text);
		cJSON_AddItemToArray(list, line);
	}
}

char *commands_status(const struct commands *commands)
{
	struct capture_status capture;
	capture_status(commands->capture, &capture);
	cJSON *root = cJSON_CreateObject();
	cJSON_AddStringToObject(root, "version", PASTCAM_VERSION);
	cJSON_AddStringToObject(root, "name", commands->camera_name);
	cJSON_AddStringToObject(root, "note", commands->note);
	add_camera(root, &capture);
	add_capture(root, &capture);
	add_ring(root, commands, &capture);
	add_night(root, &capture);
	add_exports(root, commands);
	add_storage(root, commands);
	add_memory(root, commands, &capture);
	add_network(root, commands);
	add_clock(root, commands);
	add_log(root);
	char *text = cJSON_PrintUnformatted(root);
	cJSON_Delete(root);
	return text;
}
