/* The command line of pastcam-web, and what it is made of. */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/listen.h"
#include "base/log.h"
#include "base/loop_service.h"
#include "base/notify.h"
#include "cameras.h"
#include "clip_spool.h"
#include "events.h"
#include "history.h"
#include "hls.h"
#include "http.h"
#include "live.h"

static const char usage[] =
    "usage: pastcam-web [-c FILE] [-o KEY=VALUE]...   serve the page of this machine's cameras\n"
    "       pastcam-web --version | --help\n"
    "\n"
    "Reads the same configuration as pastcam; its own keys are web.*.\n"
    "docs: pastcam(1), docs/http.md, docs/config.md\n";

struct command_line {
	const char *config_path; /* NULL: config.json, if it is there */
	const char **assignments;
	size_t assignment_count;
};

/* 1: all is said and done. */
static int parse_command_line(struct command_line *line, int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option;
	while ((option = getopt_long(argc, argv, "c:o:h", options, NULL)) != -1) {
		if (option == 'c')
			line->config_path = optarg;
		else if (option == 'o')
			line->assignments[line->assignment_count++] = optarg;
		else if (option == 'V')
			return puts("pastcam-web " PASTCAM_VERSION), 1;
		else if (option == 'h')
			return fputs(usage, stdout), 1;
		else
			return fputs(usage, stderr), -EINVAL;
	}
	if (optind == argc)
		return 0;
	fprintf(stderr, "pastcam-web: what is \"%s\"?\n%s", argv[optind], usage);
	return -EINVAL;
}

enum { LARGE_BYTES = 512 * 1024, SPARE_BYTES = 1024 * 1024 };

static int load_config(const struct command_line *line, struct config *config)
{
	static struct config_warnings warnings;
	struct error error = { 0 };
	const char *path = line->config_path;
	if (!path && access("config.json", F_OK) == 0)
		path = "config.json";
	config_defaults(config);
	int result = path ? config_load(config, path, &warnings, &error) : 0;
	for (size_t i = 0; result == 0 && i < line->assignment_count; i++)
		result = config_set(config, line->assignments[i], &error);
	for (size_t i = 0; i < warnings.count && i < CONFIG_WARNINGS_MAX; i++)
		log_warning("Configuration: %s", warnings.text[i]);
	if (result == 0 && (config->web.tls_cert[0] == '\0') != (config->web.tls_key[0] == '\0'))
		result = error_set(&error, -EINVAL, "web.tls_cert and web.tls_key go together: set both or neither");
	if (result < 0)
		log_error("Configuration: %s", error.text);
	return result;
}

/* --- running --- */

static int open_port(struct web *web, struct error *error)
{
	const struct config *config = web->config;
	const bool has_own = config->web.token_file[0];
	const struct auth_params auth = {
		.token_file = has_own ? config->web.token_file : config->network.token_file,
		.token_option = has_own ? "web.token_file" : "network.token_file",
		.view_token_file = config->web.view_token_file,
		.session_hours = config->web.session_hours,
	};
	int result = auth_init(&web->auth, &auth, error);
	if (result == -EACCES && !has_own)
		return error_set(error, result,
		                 "user %u may not read network.token_file: make the page a token of its own (`pastcam token "
		                 "FILE`, chown it) and set web.token_file",
		                 (unsigned)geteuid());
	if (result < 0)
		return result;
	const struct listen_params listen = {
		.address = config->web.bind[0] ? config->web.bind : config->network.bind,
		.port = config->web.port,
		.may_leave_loopback = !web->auth.open || config->network.allow_unauthenticated,
		.bind_option = config->web.bind[0] ? "web.bind" : "network.bind",
		.port_option = "web.port",
		.token_option = "web.token_file or network.token_file",
	};
	return listen_open(&listen, error);
}

static void log_address(const struct web *web, int port)
{
	const char *bind = web->config->web.bind[0] ? web->config->web.bind : web->config->network.bind;
	bool is_here = strncmp(bind, "127.", 4) == 0 || strcmp(bind, "::1") == 0;
	log_info("The page is at http%s://%s:%d", web->tls ? "s" : "", is_here ? "localhost" : web->machine, port);
}

/* As many files as connections to browsers and to daemons can take. */
static void raise_limits(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max < 65536 ? limit.rlim_max : 65536;
		if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
			log_warning("This process may not open more files than now: %s", strerror(errno));
	}
}

static int make_parts(struct web *web, struct error *error)
{
	int listener = open_port(web, error);
	if (listener < 0)
		return listener;
	int port = listen_port(listener);
	web->live = live_create(web, error);
	web->hls = web->live ? hls_create(web, error) : NULL;
	web->cameras = web->hls ? cameras_create(web, web->config->network.socket_dir, error) : NULL;
	web->events = web->cameras ? events_create(web, error) : NULL;
	web->history = web->events ? history_create(web, error) : NULL;
	if (!web->history) {
		close(listener);
		return error->code;
	}
	web->http = http_create(web, listener, error);
	if (!web->http)
		return error->code;
	log_address(web, port);
	return 0;
}

static void destroy_parts(struct web *web)
{
	http_destroy(web->http);
	clip_spools_destroy();
	history_destroy(web->history);
	events_destroy(web->events);
	cameras_destroy(web->cameras);
	hls_destroy(web->hls);
	live_destroy(web->live);
	loop_destroy(web->loop);
}

static int run(struct web *web)
{
	struct error error = { 0 };
	web->tls = web->config->web.tls_cert[0];
	gethostname(web->machine, sizeof web->machine - 1);
	raise_limits();
	web->loop = loop_create(&error);
	int result = web->loop ? loop_serve(web->loop, &error) : error.code;
	if (result == 0)
		result = make_parts(web, &error);
	if (result == 0) {
		notify_send("READY=1");
		result = loop_run(web->loop);
		if (result < 0)
			error_set_errno(&error, result, "the event loop failed");
		notify_send("STOPPING=1");
	}
	if (result < 0)
		log_error("Cannot serve the page: %s", error.text);
	destroy_parts(web);
	return result < 0 ? EXIT_CONFIG : EXIT_STOPPED;
}

int main(int argc, char **argv)
{
	static struct config config;
	static struct web web;
	struct command_line line = { .assignments = calloc((size_t)argc, sizeof *line.assignments) };
	if (!line.assignments)
		return EXIT_MEMORY;
	int result = parse_command_line(&line, argc, argv);
	int exit_code = result > 0 ? EXIT_STOPPED : EXIT_CONFIG;
	if (result == 0 && load_config(&line, &config) == 0) {
		mallopt(M_MMAP_THRESHOLD, LARGE_BYTES); /* large pictures that were sent go back to the system at once, */
		mallopt(M_TRIM_THRESHOLD, SPARE_BYTES); /* others are made in memory that has been touched already */
		mallopt(M_ARENA_MAX, 1);
		web.config = &config;
		web.config_path = line.config_path ? line.config_path : "config.json";
		web.assignments = line.assignments;
		web.assignment_count = line.assignment_count;
		exit_code = run(&web);
	}
	free(line.assignments);
	return exit_code;
}
