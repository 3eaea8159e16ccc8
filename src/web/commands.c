#include "commands.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "base/utf8.h"
#include "errands.h"
#include "net/grammar.h"

static const double NUMBER_MOST = 1e15;

enum { QUICK_S = 10, SAVE_S = 310 }; /* a daemon answers within 300 s */

/* --- bodies into lines --- */

static bool is_name(const char *name, const char *names)
{
	const char *at = strstr(names, name);
	size_t length = strlen(name);
	for (; at && length > 0; at = strstr(at + 1, name))
		if ((at == names || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
			return true;
	return false;
}

static int check_name(const char *name, const char *names, struct error *error)
{
	if (is_name(name, names))
		return 0;
	return error_set(error, -EINVAL, "there is no \"%.*s\" here; there are: %s", utf8_fit(name, 40), name,
	                 names[0] ? names : "none");
}

static void add_formats(struct line *line, const cJSON *value, struct error *error)
{
	const cJSON *item;
	if (cJSON_IsString(value))
		line_word(line, value->valuestring, error);
	else if (!cJSON_IsArray(value))
		line->result = error_set(error, -EINVAL, "formats must be a list of words");
	else
		cJSON_ArrayForEach(item, value) line_word(line, cJSON_IsString(item) ? item->valuestring : "", error);
}

/* To a microsecond, never with an exponent. */
static void write_number(double value, char *text, size_t bytes)
{
	snprintf(text, bytes, "%.6f", value);
	for (char *end = text + strlen(text) - 1; *end == '0'; end--)
		*end = '\0';
	if (text[strlen(text) - 1] == '.')
		text[strlen(text) - 1] = '\0';
}

/* A word that says all by itself, or is left out. */
static void add_flag(struct line *line, const cJSON *member, struct error *error)
{
	if (cJSON_IsTrue(member))
		line_word(line, member->string, error);
	else if (!cJSON_IsFalse(member))
		line->result = error_set(error, -EINVAL, "%s must be true or false", member->string);
}

static void add_member(struct line *line, const cJSON *member, struct error *error)
{
	char number[40];
	if (strcmp(member->string, "formats") == 0) {
		add_formats(line, member, error);
	} else if (strcmp(member->string, "mixed") == 0) {
		add_flag(line, member, error);
	} else if (cJSON_IsNumber(member) && fabs(member->valuedouble) < NUMBER_MOST) {
		write_number(member->valuedouble, number, sizeof number);
		line_pair(line, member->string, number, error);
	} else if (cJSON_IsString(member)) {
		line_pair(line, member->string, member->valuestring, error);
	} else {
		line->result = error_set(error, -EINVAL, "%s must be a number of at most 15 digits, or a text", member->string);
	}
}

typedef void (*add_function)(struct line *line, const cJSON *member, struct error *error);

/* All of body but the camera, whose daemon is asked; nothing without a body. */
static int add_members(struct line *line, const char *names, const cJSON *body, add_function add, struct error *error)
{
	for (const cJSON *member = body ? body->child : NULL; member && line->result == 0; member = member->next) {
		if (strcmp(member->string, "camera") == 0)
			continue;
		line->result = check_name(member->string, names, error);
		if (line->result == 0)
			add(line, member, error);
	}
	return line->result;
}

int commands_line(struct line *line, const char *command, const char *names, const cJSON *body, struct error *error)
{
	*line = LINE_NULL;
	line_word(line, command, error);
	return add_members(line, names, body, add_member, error);
}

/* What the daemon would refuse for its words alone is refused here, with its sentence: who waits for an event should
 * not have to wait for that one. */
static int check_line(struct line *line, struct error *error)
{
	return line->result < 0 ? line->result : grammar_check(line->text, error);
}

/* --- what is only passed on --- */

/* JSON from the daemon as it is. */
static void pass_json(struct request *request, struct ask_reply *reply)
{
	char *text = strdup(reply->text);
	request_bytes(request, 200, "application/json", text, text ? strlen(text) : 0);
}

static void ask_json(struct request *request, const char *line)
{
	const struct camera *camera = cameras_of_request(request);
	if (camera)
		ask_camera(request, camera, line, false, QUICK_S, pass_json);
}

void commands_status(struct request *request)
{
	ask_json(request, "status");
}

void commands_timeline(struct request *request)
{
	ask_json(request, "timeline");
}

/* --- what changes something: the daemon's sentence, and what it names --- */

static void add_files(cJSON *json, const char *text)
{
	cJSON *files = NULL;
	for (const char *at = strchr(text, '/'); at; at = strchr(at, '/')) {
		size_t length = strcspn(at, ",|() ");
		char path[512];
		const char *name;
		if (length < sizeof path && (at == text || at[-1] == ' ')) {
			memcpy(path, at, length);
			path[length] = '\0';
			name = strrchr(path, '/') + 1;
			if (!files)
				files = cJSON_AddArrayToObject(json, "files");
			if (*name)
				cJSON_AddItemToArray(files, cJSON_CreateString(name));
		}
		at += length;
	}
}

static void answer_done(struct request *request, struct ask_reply *reply)
{
	cJSON *json = cJSON_CreateObject();
	cJSON_AddStringToObject(json, "reply", reply->text);
	add_files(json, reply->text);
	request_json(request, 200, json);
}

static bool wants_to_wait(const struct request *request)
{
	const char *wait = target_value(&request->target, "wait");
	return wait && strcmp(wait, "0") != 0;
}

/* With ?wait=1 the answer is the daemon's, else it is an id, and an event tells. */
static void save_with(struct request *request, const struct camera *camera, const char *line)
{
	if (wants_to_wait(request))
		ask_camera(request, camera, line, false, SAVE_S, answer_done);
	else
		errands_begin(request, camera, line, SAVE_S, add_files);
}

/* done: NULL for what takes its time, as above. */
static void do_command(struct request *request, const char *command, const char *names, ask_done done)
{
	struct line line;
	struct error error = { 0 };
	cJSON *body = request_body_json(request);
	if (!body)
		return;
	commands_line(&line, command, names, body, &error);
	cJSON_Delete(body);
	if (check_line(&line, &error) < 0) {
		request_bad(request, &error);
		return;
	}
	const struct camera *camera = cameras_of_request(request);
	if (camera && done)
		ask_camera(request, camera, line.text, false, QUICK_S, done);
	else if (camera)
		save_with(request, camera, line.text);
}

void commands_save(struct request *request)
{
	/* `save` takes the next frame, `past` those of a moment. */
	bool has_moment = request->body && strstr(request->body, "\"at\"");
	do_command(request, has_moment ? "past" : "save", has_moment ? "formats at count" : "formats", NULL);
}

void commands_stack(struct request *request)
{
	do_command(request, "pastStack", "formats at count mode mixed", NULL);
}

/* "CLIP 3 from 10.0 s ago to 5.0 s from now": it is being made, and an event tells when it is whole. */
static void answer_clip(struct request *request, struct ask_reply *reply)
{
	char id[40] = "";
	cJSON *json = cJSON_CreateObject();
	sscanf(reply->text, "%*s %39s", id);
	cJSON_AddStringToObject(json, "id", id);
	cJSON_AddStringToObject(json, "reply", reply->text);
	request_json(request, 202, json);
}

void commands_clip(struct request *request)
{
	struct line line;
	struct error error = { 0 };
	cJSON *body = request_body_json(request);
	if (!body)
		return;
	bool wait = wants_to_wait(request);
	commands_line(&line, "clip", "before after label", body, &error);
	cJSON_Delete(body);
	if (wait)
		line_word(&line, "wait", &error);
	const int result = check_line(&line, &error);
	const struct camera *camera = result == 0 ? cameras_of_request(request) : NULL;
	if (result < 0)
		request_bad(request, &error);
	else if (camera)
		ask_camera(request, camera, line.text, false, wait ? SAVE_S : QUICK_S, wait ? answer_done : answer_clip);
}

/* The label is the command's word, not a pair. */
static void add_label(struct line *line, const cJSON *member, struct error *error)
{
	if (!cJSON_IsString(member))
		line->result = error_set(error, -EINVAL, "label must be a text");
	else if (member->valuestring[0])
		line_word(line, member->valuestring, error);
}

void commands_trigger(struct request *request)
{
	struct error error = { 0 };
	struct line line = LINE_NULL;
	cJSON *body = request_body_json(request);
	if (!body)
		return;
	line_word(&line, "trigger", &error);
	add_members(&line, "label", body, add_label, &error);
	cJSON_Delete(body);
	if (line.result < 0) {
		request_bad(request, &error);
		return;
	}
	const struct camera *camera = cameras_of_request(request);
	if (camera)
		ask_camera(request, camera, line.text, false, QUICK_S, answer_done);
}

/* "PINNED p1 frames=12 from=… to=… expires_s=60" */
static void answer_pin(struct request *request, struct ask_reply *reply)
{
	char id[40] = "";
	cJSON *json = cJSON_CreateObject();
	sscanf(reply->text, "%*s %39s", id);
	cJSON_AddStringToObject(json, "id", id);
	cJSON_AddStringToObject(json, "reply", reply->text);
	request_json(request, 201, json);
}

void commands_pin(struct request *request)
{
	do_command(request, "pin", "at before after", answer_pin);
}

static void about_pin(struct request *request, const char *command, const cJSON *body)
{
	struct line line = LINE_NULL;
	struct error error = { 0 };
	line_word(&line, command, &error);
	line_word(&line, request->tail, &error);
	add_members(&line, "formats", body, add_member, &error);
	if (check_line(&line, &error) < 0) {
		request_bad(request, &error);
		return;
	}
	const struct camera *camera = cameras_of_request(request);
	if (camera && body)
		save_with(request, camera, line.text);
	else if (camera)
		ask_camera(request, camera, line.text, false, QUICK_S, answer_done);
}

void commands_keep(struct request *request)
{
	cJSON *body = request_body_json(request);
	if (body)
		about_pin(request, "keep", body);
	cJSON_Delete(body);
}

void commands_drop(struct request *request)
{
	about_pin(request, "drop", NULL);
}
