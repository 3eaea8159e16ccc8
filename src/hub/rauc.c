#include "rauc.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

enum { ANSWER_BYTES = 64 * 1024, EVERY_S = 600, PATIENCE_S = 20 };

extern char **environ;

struct rauc {
	struct loop *loop;
	void (*told)(void *data, const struct rauc_versions *versions);
	void *data;
	struct loop_watch *timer, *watch; /* watch: NULL while nothing is asked */
	int answer;                       /* a pipe; -1: none */
	pid_t child;
	char *text;
	size_t length;
};

/* --- the answer --- */

/* "slots" is a list of sections with one member each: the slot, by its name. */
static const cJSON *slot_named(const cJSON *slots, const char *name)
{
	const cJSON *item;
	cJSON_ArrayForEach(item, slots) if (item->child && strcmp(item->child->string, name) == 0) return item->child;
	return NULL;
}

static const cJSON *booted_slot(const cJSON *slots)
{
	const cJSON *item;
	cJSON_ArrayForEach(item, slots)
	{
		const cJSON *state = cJSON_GetObjectItemCaseSensitive(item->child, "state");
		if (cJSON_IsString(state) && strcmp(state->valuestring, "booted") == 0)
			return item->child;
	}
	return NULL;
}

/* False for a slot that was not written from a bundle. */
static bool take_version(const cJSON *slot, char version[RAUC_VERSION_BYTES])
{
	const cJSON *status = cJSON_GetObjectItemCaseSensitive(slot, "slot_status");
	const cJSON *bundle = cJSON_GetObjectItemCaseSensitive(status, "bundle");
	const cJSON *text = cJSON_GetObjectItemCaseSensitive(bundle, "version");
	if (!cJSON_IsString(text) || text->valuestring[0] == '\0' || strlen(text->valuestring) >= RAUC_VERSION_BYTES)
		return false;
	strcpy(version, text->valuestring);
	return true;
}

bool rauc_parse(const char *json, struct rauc_versions *versions)
{
	cJSON *answer = cJSON_Parse(json);
	const cJSON *slots = cJSON_GetObjectItemCaseSensitive(answer, "slots");
	const cJSON *primary = cJSON_GetObjectItemCaseSensitive(answer, "boot_primary");
	const cJSON *booted = cJSON_IsArray(slots) ? booted_slot(slots) : NULL;
	if (!take_version(booted, versions->installed))
		strcpy(versions->installed, PASTCAM_VERSION); /* the system that the card was written with */
	if (!cJSON_IsString(primary) || !take_version(slot_named(slots, primary->valuestring), versions->next))
		strcpy(versions->next, versions->installed);
	bool is_told = booted != NULL;
	cJSON_Delete(answer);
	return is_told;
}

/* --- asking --- */

static void end(struct rauc *rauc)
{
	if (!rauc->watch)
		return;
	loop_remove(rauc->watch);
	rauc->watch = NULL;
	close(rauc->answer);
	rauc->answer = -1;
	kill(rauc->child, SIGKILL); /* it has said all, or takes too long */
	waitpid(rauc->child, NULL, 0);
}

static void on_answer(void *data, uint32_t events)
{
	(void)events;
	struct rauc *rauc = data;
	struct rauc_versions versions;
	ssize_t got = read(rauc->answer, rauc->text + rauc->length, ANSWER_BYTES - 1 - rauc->length);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got > 0) {
		rauc->length += (size_t)got;
		if (rauc->length < ANSWER_BYTES - 1)
			return;
	}
	rauc->text[rauc->length] = '\0';
	end(rauc);
	loop_set_timer(rauc->timer, EVERY_S * CLOCK_NS_PER_S, 0);
	if (rauc_parse(rauc->text, &versions))
		rauc->told(rauc->data, &versions);
	else
		log_debug("rauc tells nothing of this system: %.200s", rauc->text);
}

/* -ENOENT: there is no rauc. */
static int start(struct rauc *rauc, int pipe_end)
{
	static char *const words[] = { "rauc", "status", "--detailed", "--output-format=json", NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, pipe_end, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	int result = posix_spawnp(&rauc->child, words[0], &actions, &attributes, words, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return -result;
}

static void ask(struct rauc *rauc)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return;
	int result = start(rauc, ends[1]);
	close(ends[1]);
	if (result == 0)
		rauc->watch = loop_add(rauc->loop, ends[0], EPOLLIN, on_answer, rauc);
	if (!rauc->watch)
		close(ends[0]);
	rauc->answer = rauc->watch ? ends[0] : -1;
	rauc->length = 0;
	if (result != -ENOENT)
		loop_set_timer(rauc->timer, (rauc->watch ? PATIENCE_S : EVERY_S) * CLOCK_NS_PER_S, 0);
}

static void on_timer(void *data, uint32_t times)
{
	(void)times;
	struct rauc *rauc = data;
	end(rauc);
	ask(rauc);
}

struct rauc *rauc_create(struct loop *loop, void (*told)(void *data, const struct rauc_versions *versions), void *data)
{
	struct rauc *rauc = calloc(1, sizeof *rauc);
	if (!rauc)
		return NULL;
	*rauc = (struct rauc){ .loop = loop, .told = told, .data = data, .answer = -1 };
	rauc->text = malloc(ANSWER_BYTES);
	rauc->timer = loop_add_timer(loop, on_timer, rauc);
	if (rauc->text && rauc->timer) {
		ask(rauc);
		return rauc;
	}
	rauc_destroy(rauc);
	return NULL;
}

void rauc_destroy(struct rauc *rauc)
{
	if (!rauc)
		return;
	end(rauc);
	loop_remove(rauc->timer);
	free(rauc->text);
	free(rauc);
}
