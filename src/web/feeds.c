#include "feeds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"
#include "line.h"

enum { IDLE_S = 25 }; /* a daemon sends a heartbeat each 10 s */

/* An id that a daemon takes for one of an earlier life: it then tells all that it keeps. */
static const char before_all[] = "000000000000-0";

static struct feed *feeds;

void feed_put(struct feed *feed, const char *name, const char *id, const char *data)
{
	event_ring_add(&feed->ring, name, id, data);
	events_wake(feed->web);
}

static void tell_away(struct feed *feed, const char *reason)
{
	error_set(&feed->away, -ENOTCONN, "%s", reason);
	events_wake(feed->web);
}

static void tell_back(struct feed *feed)
{
	feed->away = (struct error){ 0 };
	events_wake(feed->web);
}

/* --- from the daemon --- */

/* Heartbeats are for us alone; that there was more once is no news where all is asked for. */
static bool is_told(const struct feed *feed, const char *name)
{
	return !strpbrk(name, "\r\n") && strcmp(name, "heartbeat") != 0 && (feed->last_id[0] || strcmp(name, "lost") != 0);
}

static void take_event(struct feed *feed, cJSON *json, const char *name)
{
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(json, "id");
	const char *id = cJSON_IsString(member) ? member->valuestring : "";
	if (strlen(id) >= EVENT_ID_BYTES || strpbrk(id, "\r\n,= "))
		id = "";
	if (id[0])
		strcpy(feed->last_id, id);
	cJSON_DeleteItemFromObjectCaseSensitive(json, "camera");
	cJSON_AddStringToObject(json, "camera", feed->camera);
	char *text = cJSON_PrintUnformatted(json);
	if (text)
		feed_put(feed, name, id[0] ? feed->last_id : "", text);
	free(text);
}

static void on_line(void *data, const char *line, size_t length, uint64_t bytes)
{
	(void)bytes;
	struct feed *feed = data;
	cJSON *json = cJSON_ParseWithLength(line, length);
	const cJSON *name = cJSON_GetObjectItemCaseSensitive(json, "event");
	if (client_reply_failed(line, length))
		error_set(&feed->refusal, -EBUSY, "%s", line);
	else if (feed->away.code < 0)
		tell_back(feed);
	if (cJSON_IsString(name) && is_told(feed, name->valuestring))
		take_event(feed, json, name->valuestring);
	cJSON_Delete(json);
}

static void follow(struct feed *feed);

static void on_end(void *data, const struct error *error)
{
	struct feed *feed = data;
	feed->call = NULL;
	if (feed->refusal.code < 0 || error->code < 0 || feed->has_history) {
		tell_away(feed, feed->refusal.code < 0 ? feed->refusal.text
		                : error->code < 0      ? error->text
		                                       : "pastcam has stopped");
		return;
	}
	feed->has_history = true;
	tell_back(feed);
	follow(feed);
}

static void follow(struct feed *feed)
{
	const struct camera *camera = cameras_find(feed->web->cameras, feed->camera);
	struct line line = LINE_NULL;
	struct error error = { 0 };
	line_word(&line, feed->command, NULL);
	line_pair(&line, "since", feed->last_id[0] ? feed->last_id : before_all, NULL);
	if (!feed->has_history)
		line_word(&line, "once", NULL);
	const struct client_call_params params = {
		.address = { .socket_path = camera ? camera->path : "" },
		.line = line.text,
		.reply = CLIENT_LINES,
		.handlers = { .line = on_line, .end = on_end },
		.data = feed,
		.connect_timeout_s = 5,
		.idle_timeout_s = IDLE_S,
		.reply_timeout_s = IDLE_S,
	};
	feed->refusal = (struct error){ 0 };
	feed->call = camera ? client_call_begin(feed->web->loop, &params, &error) : NULL;
	if (!feed->call)
		tell_away(feed, camera ? error.text : "its socket has gone");
}

void feeds_connect(void)
{
	for (struct feed *feed = feeds; feed; feed = feed->next)
		if (feed->camera[0] && !feed->call)
			follow(feed);
}

/* --- who listens --- */

struct feed *feeds_find(const char *command, const char *camera)
{
	struct feed *feed = feeds;
	while (feed && (strcmp(feed->command, command) != 0 || strcmp(feed->camera, camera) != 0))
		feed = feed->next;
	return feed;
}

struct feed *feeds_join(struct web *web, const char *command, const char *camera)
{
	struct feed *feed = feeds_find(command, camera);
	if (!feed) {
		feed = calloc(1, sizeof *feed);
		if (!feed)
			return NULL;
		feed->web = web;
		feed->command = command;
		snprintf(feed->camera, sizeof feed->camera, "%s", camera);
		feed->next = feeds;
		feeds = feed;
		feed->has_history = !camera[0];
		if (camera[0])
			follow(feed);
	}
	feed->listeners++;
	return feed;
}

void feeds_leave(struct feed *feed)
{
	if (--feed->listeners > 0)
		return;
	for (struct feed **link = &feeds; *link; link = &(*link)->next) {
		if (*link != feed)
			continue;
		*link = feed->next;
		break;
	}
	client_call_cancel(feed->call);
	event_ring_clear(&feed->ring);
	free(feed);
}
