/* The command line of pastcam-hub. */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon.h"
#include "event.h"
#include "history.h"
#include "tell.h"

static const char usage[] =
    "usage: pastcam-hub [-c FILE] [-o KEY=VALUE]...          follow this machine's cameras, remember, tell, act\n"
    "       pastcam-hub [-c FILE] [-o KEY=VALUE]... events   what it remembers\n"
    "           [--since MOMENT] [--until MOMENT] [--camera NAME] [--type EVENT] [--limit N] [--json|--csv|--ical]\n"
    "       pastcam-hub [-c FILE] [-o KEY=VALUE]... arm | disarm\n"
    "       pastcam-hub [-c FILE] [-o KEY=VALUE]... rules [--explain EVENT.json]   which of them would fire, and why "
    "not\n"
    "       pastcam-hub --version | --help\n"
    "\n"
    "A MOMENT is 90m, 2h or 3d ago, or as in 2026-11-26T10:15. Reads the same configuration as pastcam; its own keys "
    "are\n"
    "hub.*.   docs: pastcam(1), docs/events.md, docs/rules.md, docs/config.md\n";

enum { OPTION_SINCE = 256, OPTION_UNTIL, OPTION_CAMERA, OPTION_TYPE, OPTION_LIMIT, OPTION_EXPLAIN };

struct command_line {
	const char *config_path; /* NULL: config.json, if it is there */
	const char **assignments;
	size_t assignment_count;
	const char *command; /* NULL: run */
	const char *since, *until, *limit, *explain;
	struct history_query query;
	int format; /* enum history_format, by getopt */
};

static int take_option(struct command_line *line, int option)
{
	switch (option) {
	case 'c':
		line->config_path = optarg;
		return 0;
	case 'o':
		line->assignments[line->assignment_count++] = optarg;
		return 0;
	case OPTION_SINCE:
		line->since = optarg;
		return 0;
	case OPTION_UNTIL:
		line->until = optarg;
		return 0;
	case OPTION_CAMERA:
		line->query.camera = optarg;
		return 0;
	case OPTION_TYPE:
		line->query.type = optarg;
		return 0;
	case OPTION_LIMIT:
		line->limit = optarg;
		return 0;
	case OPTION_EXPLAIN:
		line->explain = optarg;
		return 0;
	case 0: /* a format */
		return 0;
	case 'V':
		return puts("pastcam-hub " PASTCAM_VERSION), 1;
	case 'h':
		return fputs(usage, stdout), 1;
	default:
		return fputs(usage, stderr), -EINVAL;
	}
}

/* 1: all is said and done. */
static int parse_command_line(struct command_line *line, int argc, char **argv)
{
	const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ "since", required_argument, NULL, OPTION_SINCE },
		{ "until", required_argument, NULL, OPTION_UNTIL },
		{ "camera", required_argument, NULL, OPTION_CAMERA },
		{ "type", required_argument, NULL, OPTION_TYPE },
		{ "limit", required_argument, NULL, OPTION_LIMIT },
		{ "explain", required_argument, NULL, OPTION_EXPLAIN },
		{ "json", no_argument, &line->format, HISTORY_JSON },
		{ "csv", no_argument, &line->format, HISTORY_CSV },
		{ "ical", no_argument, &line->format, HISTORY_ICAL },
		{ 0 },
	};
	int option, result = 0;
	while (result == 0 && (option = getopt_long(argc, argv, "c:o:h", options, NULL)) != -1)
		result = take_option(line, option);
	if (result != 0 || optind == argc)
		return result;
	line->command = argv[optind++];
	if (optind == argc)
		return 0;
	fprintf(stderr, "pastcam-hub: what is \"%s\"?\n%s", argv[optind], usage);
	return -EINVAL;
}

static int load_config(const struct command_line *line, struct config *config)
{
	static struct config_warnings warnings;
	struct error error = { 0 };
	config_defaults(config);
	int result = line->config_path ? config_load(config, line->config_path, &warnings, &error) : 0;
	for (size_t i = 0; result == 0 && i < line->assignment_count; i++)
		result = config_set(config, line->assignments[i], &error);
	for (size_t i = 0; !line->command && i < warnings.count && i < CONFIG_WARNINGS_MAX; i++)
		log_warning("Configuration: %s", warnings.text[i]);
	if (result < 0)
		log_error("Configuration: %s", error.text);
	return result;
}

/* --- the commands --- */

static int complain(const struct error *error)
{
	fprintf(stderr, "pastcam-hub: %s\n", error->text);
	return error->code == -EINVAL ? EXIT_CONFIG : EXIT_NOT_NOW;
}

static int command_events(const struct command_line *line, const struct config *config)
{
	struct error error = { 0 };
	struct history_query query = line->query;
	int64_t now_ms = clock_wall_ns() / CLOCK_NS_PER_MS;
	char *end = NULL;
	query.format = (enum history_format)line->format;
	query.since_ms = INT64_MIN;
	query.until_ms = INT64_MAX;
	query.limit = line->limit ? strtoll(line->limit, &end, 10) : INT64_MAX;
	if (line->limit && (*end != '\0' || query.limit < 1))
		error_set(&error, -EINVAL, "--limit takes a number of events");
	if (error.code == 0 && line->since)
		history_parse_moment(line->since, now_ms, &query.since_ms, &error);
	if (error.code == 0 && line->until)
		history_parse_moment(line->until, now_ms, &query.until_ms, &error);
	if (error.code == 0 && query.since_ms >= query.until_ms)
		error_set(&error, -EINVAL, "--until is not after --since: nothing can be between them");
	if (error.code == 0 && query.type && !event_type_is_begun(query.type))
		error_set(&error, -EINVAL, "there is no event \"%.40s\": docs/events.md lists them", query.type);
	if (error.code == 0)
		history_write(config->hub.data_dir, &query, stdout, &error);
	return error.code == 0 ? EXIT_STOPPED : complain(&error);
}

static int run_command(const struct command_line *line, const struct config *config)
{
	struct hub hub = {
		.config = config,
		.config_path = line->config_path,
		.assignments = line->assignments,
		.assignment_count = line->assignment_count,
	};
	if (!line->command) {
		mallopt(M_ARENA_MAX, 1);
		return daemon_run(&hub);
	}
	if (strcmp(line->command, "events") == 0)
		return command_events(line, config);
	struct error error = { 0 };
	bool is_arm = strcmp(line->command, "arm") == 0;
	if (is_arm || strcmp(line->command, "disarm") == 0)
		tell_armed(config, is_arm, stdout, &error);
	else if (strcmp(line->command, "rules") == 0)
		tell_rules(config, line->explain, stdout, &error);
	else
		error_set(&error, -EINVAL, "what is \"%.40s\"? pastcam-hub --help lists the commands", line->command);
	return error.code == 0 ? EXIT_STOPPED : complain(&error);
}

int main(int argc, char **argv)
{
	static struct config config;
	struct command_line line = { .assignments = calloc((size_t)argc, sizeof *line.assignments) };
	if (!line.assignments)
		return EXIT_MEMORY;
	int result = parse_command_line(&line, argc, argv);
	int exit_code = result > 0 ? EXIT_STOPPED : EXIT_CONFIG;
	if (!line.config_path && access("config.json", F_OK) == 0)
		line.config_path = "config.json";
	if (result == 0 && load_config(&line, &config) == 0)
		exit_code = run_command(&line, &config);
	free(line.assignments);
	return exit_code;
}
