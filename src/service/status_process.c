/* The program at the beginning of the line; the clock and the log at its end. */
#include "base/clock.h"
#include "base/log.h"
#include "service/status_groups.h"

enum { TIME_BYTES = 40 };
static const char time_format[] = "%Y-%m-%dT%H:%M:%S%z";

struct program {
	const char *version, *name, *note;
};

struct process {
	char now[TIME_BYTES];
	bool synchronised;
	int64_t started_ns;
	status_lister errors;
};

static void take_program(const void *data, void *into)
{
	const struct status_program_data *from = data;
	*(struct program *)into =
	    (struct program){ .version = PASTCAM_VERSION, .name = from->camera_name, .note = from->note };
}

static void list_errors(struct status_list *list, const void *snapshot)
{
	static const char *const levels[] = { "error", "warning", "info", "debug" };
	struct log_line lines[LOG_RECENT_COUNT];
	size_t count = log_recent(lines, LOG_RECENT_COUNT);
	(void)snapshot;
	for (size_t i = 0; i < count; i++) {
		char when[TIME_BYTES];
		clock_format_local(lines[i].wall_ns, time_format, when, sizeof when);
		status_list_next(list);
		status_list_text(list, "time", when);
		status_list_text(list, "level", levels[lines[i].level]);
		status_list_text(list, "text", lines[i].text);
	}
}

static void take_process(const void *data, void *into)
{
	struct process *process = into;
	clock_format_local(clock_wall_ns(), time_format, process->now, sizeof process->now);
	process->synchronised = clock_is_synchronised();
	process->started_ns = *(const int64_t *)data;
	process->errors = list_errors;
}

static const struct status_row program_rows[] = {
	{ "version", STATUS_WORDS, offsetof(struct program, version), STATUS_INFO, "", "pastcam's." },
	{ "name", STATUS_WORDS, offsetof(struct program, name), STATUS_INFO, "",
	  "The camera's, in a configuration with several; empty for the only one." },
	{ "note", STATUS_WORDS, offsetof(struct program, note), STATUS_INFO, "",
	  "What `--note` said, about the configuration; empty without." },
};

#define ROW(path, form, member, kind, unit, help)                                                                      \
	{                                                                                                                  \
		path, form, offsetof(struct process, member), kind, unit, help                                                 \
	}
static const struct status_row process_rows[] = {
	ROW("clock.now", STATUS_TEXT, now, STATUS_INFO, "", "The local time, with its distance from UTC."),
	ROW("clock.synchronised", STATUS_BOOL, synchronised, STATUS_STATE, "",
	    "Whether the system says that its clock is set."),
	ROW("uptime_s", STATUS_AGE, started_ns, STATUS_GAUGE, "s", "Since the start of the process."),
	ROW("last_errors", STATUS_LIST, errors, STATUS_INFO, "",
	    "The last warnings and errors, newest first: objects of `time`, `level` and `text`."),
};

const struct status_group status_program = STATUS_GROUP(program_rows, struct program, take_program);
const struct status_group status_process = STATUS_GROUP(process_rows, struct process, take_process);
