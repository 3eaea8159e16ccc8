/* The command line. What the daemon does is in daemon.c. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "base/camera_name.h"
#include "base/log.h"
#include "base/token.h"
#include "compose.h"
#include "config/config.h"
#include "daemon.h"
#include "key_commands.h"
#include "motion_sim.h"
#include "night_sim.h"
#include "start_check.h"

static const char default_config[] = "config.json";
static const char installed_config[] = "/etc/pastcam/config.json"; /* the service's; for `ask` */

static const char usage[] =
    "usage: pastcam [-c FILE] [--camera NAME] [-o KEY=VALUE]...\n"
    "                                                  run the service\n"
    "       pastcam [-c FILE] [-o …] --check-config    tell whether the configuration is good\n"
    "       pastcam [-c FILE] [-o …] --dump-config     show all values in force\n"
    "       pastcam [-c FILE] [-o …] night-sim < TRACE play a trace of light through the night controller\n"
    "       pastcam [-c FILE] [--camera NAME] ask LINE send LINE to a running pastcam, as in: pastcam ask save\n"
    "       pastcam [-c FILE] [-o …] motion-sim [--scores] [--overlay FOLDER] FOLDER|CLIP\n"
    "                                                  look for motion in a folder of pictures\n"
    "       pastcam token FILE                         make a token for network.token_file\n"
    "       pastcam seal-key [FILE]                    make a pair of keys for seal.recipients\n"
    "       pastcam sign-key FILE                      make a key for seal.sign_key_file\n"
    "       pastcam verify FOLDER [PUBLIC_KEY]         tell whether what was signed there is as it was\n"
    "       pastcam --config-reference | --status-reference | --version | --help\n"
    "\n"
    "Without -c, config.json in the current folder is used if there is one, else the defaults;\n"
    "for ask, /etc/pastcam/config.json comes before the defaults.\n"
    "--camera says which one of several in the configuration; --check-config without it checks all.\n"
    "--note TEXT is shown in `status`. docs: pastcam(1); config.md and protocol.md in share/doc/pastcam\n";

enum action {
	RUN,
	CHECK_CONFIG,
	DUMP_CONFIG,
	CONFIG_REFERENCE,
	STATUS_REFERENCE,
	NIGHT_SIM,
	MOTION_SIM,
	TOKEN,
	KEYS,
	ASK
};

enum { ASK_LINE_BYTES = 2048 };

struct command_line {
	enum action action;
	const char *config_path; /* NULL: the default one, if it is there */
	const char *camera;      /* "": there is only one */
	const char *note;
	const char *token_path;
	char **words; /* of KEYS */
	int word_count;
	struct motion_sim_params motion_sim;
	char ask_line[ASK_LINE_BYTES];
	const char **assignments; /* of -o */
	size_t assignment_count;
};

static int usage_error(const char *format, const char *what)
{
	fputs("pastcam: ", stderr);
	fprintf(stderr, format, what);
	fputs("\n", stderr);
	fputs(usage, stderr);
	return -EINVAL;
}

/* The words of a line, which may also come as one in quotes. */
static int join_line(struct command_line *line, int count, char **words)
{
	size_t used = 0;
	for (int i = 0; i < count; i++) {
		int length = snprintf(line->ask_line + used, ASK_LINE_BYTES - used, "%s%s", i > 0 ? " " : "", words[i]);
		used += (size_t)length;
		if (used >= ASK_LINE_BYTES)
			return usage_error("the line is longer than 1024 bytes%s", "");
	}
	line->action = ASK;
	return 0;
}

static int parse_subcommand(struct command_line *line, int count, char **words)
{
	if (count == 0)
		return 0;
	if (strcmp(words[0], "night-sim") == 0 && count == 1) {
		line->action = NIGHT_SIM;
		return 0;
	}
	if (strcmp(words[0], "motion-sim") == 0 && count == 2) {
		line->action = MOTION_SIM;
		line->motion_sim.path = words[1];
		return 0;
	}
	if (strcmp(words[0], "motion-sim") == 0 && count == 1)
		return usage_error("motion-sim needs a folder of pictures, or a clip%s", "");
	if (strcmp(words[0], "token") == 0 && count == 2) {
		line->action = TOKEN;
		line->token_path = words[1];
		return 0;
	}
	if (key_command_is_one(count, words)) {
		line->action = KEYS;
		line->words = words;
		line->word_count = count;
		return 0;
	}
	if (strcmp(words[0], "ask") == 0 && count >= 2)
		return join_line(line, count - 1, words + 1);
	if (strcmp(words[0], "ask") == 0)
		return usage_error("ask needs a line, as in: pastcam ask save%s", "");
	return usage_error("what is \"%s\"?", words[count > 1 ? 1 : 0]);
}

/* 1: all is said and done already (--help, --version). */
static int parse_option(struct command_line *line, int option, const char *value)
{
	switch (option) {
	case 'c':
		line->config_path = value;
		return 0;
	case 'o':
		line->assignments[line->assignment_count++] = value;
		return 0;
	case 'n':
		line->note = value;
		return 0;
	case 's':
		line->motion_sim.scores = true;
		return 0;
	case 'O':
		line->motion_sim.overlay = value;
		return 0;
	case 'a':
		line->camera = value;
		if (!camera_name_is_good(value, strlen(value)))
			return usage_error(
			    "\"%.80s\" is not a camera's name, which is of at most 32 letters, digits, \"-\" and \"_\"", value);
		return 0;
	case 'C':
		line->action = CHECK_CONFIG;
		return 0;
	case 'D':
		line->action = DUMP_CONFIG;
		return 0;
	case 'R':
		line->action = CONFIG_REFERENCE;
		return 0;
	case 'S':
		line->action = STATUS_REFERENCE;
		return 0;
	case 'V':
		puts("pastcam " PASTCAM_VERSION);
		return 1;
	case 'h':
		fputs(usage, stdout);
		return 1;
	default:
		fputs(usage, stderr);
		return -EINVAL;
	}
}

static int parse_command_line(struct command_line *line, int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "check-config", no_argument, NULL, 'C' },
		{ "camera", required_argument, NULL, 'a' },
		{ "dump-config", no_argument, NULL, 'D' },
		{ "config-reference", no_argument, NULL, 'R' },
		{ "status-reference", no_argument, NULL, 'S' },
		{ "note", required_argument, NULL, 'n' },
		{ "scores", no_argument, NULL, 's' },
		{ "overlay", required_argument, NULL, 'O' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option;
	while ((option = getopt_long(argc, argv, "c:o:h", options, NULL)) != -1) {
		int result = parse_option(line, option, optarg);
		if (result != 0)
			return result;
	}
	return parse_subcommand(line, argc - optind, argv + optind);
}

/* The file, then the assignments, for the camera of this name ("": none). Logs the warnings beyond the first told. */
static int read_config(const struct command_line *line, const char *camera, size_t told, struct config *config)
{
	static struct config_warnings warnings;
	struct error error = { 0 };
	const char *path = line->config_path;
	if (!path && access(default_config, F_OK) == 0)
		path = default_config;
	else if (!path && line->action == ASK && access(installed_config, R_OK) == 0)
		path = installed_config;
	warnings.count = 0;
	config_defaults(config);
	strcpy(config->name, camera);
	int result = path ? config_load(config, path, &warnings, &error) : 0;
	for (size_t i = 0; result == 0 && i < line->assignment_count; i++)
		result = config_set(config, line->assignments[i], &error);
	for (size_t i = told; i < warnings.count && i < CONFIG_WARNINGS_MAX; i++)
		log_warning("Configuration: %s", warnings.text[i]);
	if (result < 0)
		log_error("Configuration: %s", error.text);
	return result < 0 ? result : (int)warnings.count;
}

/* check: start_check_values, or start_check for what is to be started. */
static int check_values(const struct config *config, int (*check)(const struct config *, struct error *))
{
	struct error error = { 0 };
	int result = check(config, &error);
	if (result < 0)
		log_error("Configuration: %s", error.text);
	return result;
}

/* A file that cannot be read may be on a disk that is not mounted yet. */
static int exit_code_of(int result)
{
	return result == -EINVAL || result == -EFBIG ? EXIT_CONFIG : EXIT_NOT_NOW;
}

/* EXIT_STOPPED, or the exit code that says what is wrong. */
static int load_config(const struct command_line *line, struct config *config)
{
	int result = read_config(line, line->camera, 0, config);
	if (result < 0)
		return exit_code_of(result);
	result = check_values(config, line->action == RUN ? start_check : start_check_values);
	return result < 0 ? EXIT_CONFIG : EXIT_STOPPED;
}

/* The exit code that a start would have. */
static int check_start(const struct config *config)
{
	struct error error = { 0 };
	if (check_values(config, start_check) < 0)
		return EXIT_CONFIG;
	if (start_check_later(config, &error) < 0)
		log_warning("As things are: %s", error.text);
	if (start_check_now(config, &error) == 0)
		return EXIT_STOPPED;
	log_error("The configuration is good, but cannot be started with as things are: %s", error.text);
	return EXIT_NOT_NOW;
}

/* Of each camera, unless one is named. */
static int check_config(const struct command_line *line, struct config *config)
{
	int common = read_config(line, line->camera, 0, config);
	if (common < 0)
		return exit_code_of(common);
	const struct config_cameras cameras = config->cameras;
	int exit_code = EXIT_STOPPED;
	if (line->camera[0] || cameras.count == 0)
		exit_code = check_start(config);
	for (size_t i = 0; i < cameras.count && !line->camera[0]; i++) {
		bool is_read = read_config(line, cameras.names[i], (size_t)common, config) >= 0;
		int one = is_read ? check_start(config) : EXIT_CONFIG;
		if (exit_code != EXIT_CONFIG && one != EXIT_STOPPED)
			exit_code = one;
	}
	if (exit_code == EXIT_STOPPED)
		puts("The configuration is good.");
	return exit_code;
}

static int run_service(const struct config *config, const char *note)
{
	daemon_block_signals();
	/* Fixed thresholds keep freed picture buffers from staying with malloc: memory is counted here. */
	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
	mallopt(M_TRIM_THRESHOLD, 128 * 1024);
	mallopt(M_ARENA_MAX, 2);
	const struct log_params log = compose_log(config);
	struct error error = { 0 };
	if (log_open(&log, &error) < 0)
		log_error("There is no log file: %s", error.text);
	int exit_code = daemon_run(config, note);
	log_close();
	return exit_code;
}

static int run_night_sim(const struct config *config)
{
	const struct night_sim_params params = compose_night_sim(config);
	struct error error = { 0 };
	if (night_sim_run(&params, stdin, stdout, &error) == 0)
		return EXIT_STOPPED;
	fprintf(stderr, "pastcam: %s\n", error.text);
	return EXIT_CONFIG;
}

static int run_motion_sim(const struct motion_sim_params *asked, const struct config *config)
{
	struct motion_sim_params params = *asked;
	params.config = config;
	struct error error = { 0 };
	if (motion_sim_run(&params, stdout, &error) == 0)
		return EXIT_STOPPED;
	fprintf(stderr, "pastcam: %s\n", error.text);
	return EXIT_CONFIG;
}

static int make_token(const char *path)
{
	struct error error = { 0 };
	if (token_create(path, &error) < 0) {
		fprintf(stderr, "pastcam: %s\n", error.text);
		return EXIT_CONFIG;
	}
	printf(
	    "A new token is in %s. Set network.token_file to it, and have clients send `auth TOKEN` before their line.\n",
	    path);
	return EXIT_STOPPED;
}

static int act(const struct command_line *line)
{
	static struct config config;
	if (line->action == STATUS_REFERENCE) {
		daemon_status_reference(stdout);
		return EXIT_STOPPED;
	}
	if (line->action == CONFIG_REFERENCE) {
		config_reference(stdout);
		return EXIT_STOPPED;
	}
	if (line->action == TOKEN)
		return make_token(line->token_path);
	if (line->action == KEYS)
		return key_command_run(line->word_count, line->words);
	if (line->action == CHECK_CONFIG)
		return check_config(line, &config);
	int exit_code = load_config(line, &config);
	if (exit_code != EXIT_STOPPED)
		return exit_code;
	switch (line->action) {
	case ASK:
		return ask_run(&config, line->ask_line);
	case DUMP_CONFIG:
		return config_dump(&config, stdout) < 0 ? EXIT_FAILURE : EXIT_STOPPED;
	case NIGHT_SIM:
		return run_night_sim(&config);
	case MOTION_SIM:
		return run_motion_sim(&line->motion_sim, &config);
	default:
		return run_service(&config, line->note);
	}
}

/* Started with a closed standard descriptor, the next file opened would take its number, and log lines would go into
 * it. */
static void fill_standard_descriptors(void)
{
	int fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO)
		fd = open("/dev/null", O_RDWR);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	fill_standard_descriptors();
	struct command_line line = { .camera = "",
		                         .note = "",
		                         .assignments = calloc((size_t)argc, sizeof *line.assignments) };
	if (!line.assignments)
		return EXIT_MEMORY;
	int result = parse_command_line(&line, argc, argv);
	int exit_code = result == 0 ? act(&line) : result > 0 ? EXIT_STOPPED : EXIT_CONFIG;
	free(line.assignments);
	return exit_code;
}
