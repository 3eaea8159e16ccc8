#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events_private.h"
#include "line.h"

enum { IDLE_S = 25 }; /* a daemon sends a heartbeat each 10 s */

/* "name=BOOT-12,other=BOOT-7": what a listener that comes back sends as Last-Event-ID. */
static void write_ids(const struct listener *listener, char *text, size_t bytes)
{
	size_t length = 0;
	text[0] = '\0';
	for (const struct upstream *upstream = listener->upstreams; upstream; upstream = upstream->next) {
		if (upstream->last_id[0] == '\0' || length + sizeof upstream->camera + EVENT_ID_BYTES + 3 > bytes)
			continue;
		length += (size_t)snprintf(text + length, bytes - length, "%s%s=%s", length > 0 ? "," : "", upstream->camera,
		                           upstream->last_id);
	}
}

/* An id that a daemon takes for one of an earlier life: it then tells all that it keeps. */
static const char before_all[] = "000000000000-0";

static void find_id(const char *ids, const char *camera, char id[EVENT_ID_BYTES])
{
	size_t name = strlen(camera);
	if (strcmp(ids, "all") == 0)
		strcpy(id, before_all);
	else if (!strpbrk(ids, "=, ") && strlen(ids) < EVENT_ID_BYTES)
		strcpy(id, ids);
	for (const char *at = ids; at && *at; at = strchr(at, ',') ? strchr(at, ',') + 1 : "") {
		size_t length = strcspn(at, ",");
		if (length > name + 1 && strncmp(at, camera, name) == 0 && at[name] == '=' &&
		    length - name - 1 < EVENT_ID_BYTES) {
			snprintf(id, EVENT_ID_BYTES, "%.*s", (int)(length - name - 1), at + name + 1);
			return;
		}
	}
}

/* --- from the daemons --- */

/* A listener that asked for all does not want to hear that there was more once. */
static bool is_expected_loss(struct upstream *upstream, const char *name)
{
	bool is_first = upstream->wants_all;
	upstream->wants_all = false;
	return is_first && strcmp(name, "lost") == 0;
}

static void on_line(void *data, const char *line, size_t length, uint64_t bytes)
{
	(void)length;
	(void)bytes;
	struct upstream *upstream = data;
	struct listener *listener = upstream->listener;
	cJSON *json = cJSON_Parse(line);
	const cJSON *name = cJSON_GetObjectItemCaseSensitive(json, "event");
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(json, "id");
	if (cJSON_IsString(name) && !strpbrk(name->valuestring, "\r\n") && !is_expected_loss(upstream, name->valuestring)) {
		char ids[CLIENT_CAMERAS_MAX * (EVENT_ID_BYTES + 36)];
		if (cJSON_IsString(id) && strlen(id->valuestring) < EVENT_ID_BYTES && !strpbrk(id->valuestring, "\r\n,= "))
			strcpy(upstream->last_id, id->valuestring);
		cJSON_DeleteItemFromObjectCaseSensitive(json, "camera");
		cJSON_AddStringToObject(json, "camera", upstream->camera);
		char *text = cJSON_PrintUnformatted(json);
		write_ids(listener, ids, sizeof ids);
		if (text)
			listener_put(listener, "event: %s\n%s%s%sdata: %s\n\n", name->valuestring, ids[0] ? "id: " : "", ids,
			             ids[0] ? "\n" : "", text);
		free(text);
	}
	cJSON_Delete(json);
}

static void tell_away(struct upstream *upstream, const char *reason)
{
	if (upstream->is_away)
		return;
	upstream->is_away = true;
	cJSON *json = cJSON_CreateObject();
	cJSON_AddStringToObject(json, "camera", upstream->camera);
	cJSON_AddStringToObject(json, "reason", reason);
	char *text = cJSON_PrintUnformatted(json);
	cJSON_Delete(json);
	if (text)
		listener_put(upstream->listener, "event: away\ndata: %s\n\n", text);
	free(text);
}

static void on_end(void *data, const struct error *error)
{
	struct upstream *upstream = data;
	upstream->call = NULL;
	tell_away(upstream, error->code < 0 ? error->text : "pastcam has stopped");
}

static void connect_upstream(struct web *web, struct upstream *upstream)
{
	const struct camera *camera = cameras_find(web->cameras, upstream->camera);
	struct line line = LINE_NULL;
	struct error error = { 0 };
	line_word(&line, upstream->listener->command, NULL);
	if (upstream->last_id[0])
		line_pair(&line, "since", upstream->last_id, NULL);
	const struct client_call_params params = {
		.address = { .socket_path = camera ? camera->path : "" },
		.line = line.text,
		.reply = CLIENT_LINES,
		.handlers = { .line = on_line, .end = on_end },
		.data = upstream,
		.connect_timeout_s = 5,
		.idle_timeout_s = IDLE_S,
	};
	if (camera)
		upstream->call = client_call_begin(web->loop, &params, &error);
	if (!upstream->call)
		tell_away(upstream, camera ? error.text : "its socket has gone");
	else if (upstream->is_away)
		listener_put(upstream->listener, "event: back\ndata: {\"camera\":\"%s\"}\n\n", upstream->camera);
	upstream->is_away = !upstream->call;
}

static void add_upstream(struct web *web, struct listener *listener, const char *camera, const char *ids)
{
	for (struct upstream *known = listener->upstreams; known; known = known->next) {
		if (strcmp(known->camera, camera) != 0)
			continue;
		if (!known->call)
			connect_upstream(web, known);
		return;
	}
	struct upstream *upstream = calloc(1, sizeof *upstream);
	if (!upstream)
		return; /* the next second tries again */
	upstream->listener = listener;
	snprintf(upstream->camera, sizeof upstream->camera, "%s", camera);
	find_id(ids, camera, upstream->last_id);
	upstream->wants_all = strcmp(upstream->last_id, before_all) == 0;
	upstream->next = listener->upstreams;
	listener->upstreams = upstream;
	connect_upstream(web, upstream);
}

void upstreams_connect(struct web *web, struct listener *listener, const char *ids)
{
	if (listener->camera[0]) {
		add_upstream(web, listener, listener->camera, ids);
		return;
	}
	for (size_t i = 0; i < cameras_count(web->cameras); i++)
		add_upstream(web, listener, cameras_at(web->cameras, i)->name, ids);
	/* A camera whose socket has gone is told as away. */
	for (struct upstream *upstream = listener->upstreams; upstream; upstream = upstream->next)
		if (!upstream->call)
			connect_upstream(web, upstream);
}

void upstreams_pause(struct listener *listener, bool pause)
{
	if (listener->is_paused == pause)
		return;
	listener->is_paused = pause;
	for (struct upstream *upstream = listener->upstreams; upstream; upstream = upstream->next) {
		if (upstream->call && pause)
			client_call_pause(upstream->call);
		else if (upstream->call)
			client_call_resume(upstream->call);
	}
}

void upstreams_destroy(struct listener *listener)
{
	while (listener->upstreams) {
		struct upstream *upstream = listener->upstreams;
		listener->upstreams = upstream->next;
		client_call_cancel(upstream->call);
		free(upstream);
	}
}
