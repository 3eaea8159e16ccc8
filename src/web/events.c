#include "events.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "listener.h"
#include "response.h"

enum { LISTENERS_MAX = 64, BLOCK_BYTES = 8 * 1024, HEARTBEAT_S = 10 };

static const char command_events[] = "events", command_log[] = "log";

struct events {
	struct web *web;
	struct loop_watch *retry; /* each second while there are listeners: lost daemons, heartbeats */
	unsigned seconds;
	struct listener *listeners;
	size_t count;
};

void events_wake(struct web *web)
{
	for (struct listener *listener = web->events->listeners; listener; listener = listener->next)
		peer_resume(listener->peer);
}

static void on_second(void *data, uint32_t times)
{
	(void)times;
	struct events *events = data;
	bool is_heartbeat = ++events->seconds % HEARTBEAT_S == 0;
	feeds_connect();
	for (struct listener *listener = events->listeners; is_heartbeat && listener; listener = listener->next) {
		if (listener->length == listener->sent) /* also shows whether the listener is still there */
			listener_put(listener, ":\n\n");
		peer_resume(listener->peer);
	}
}

/* --- to the listener --- */

static ssize_t read_listener(void *data, uint64_t position, char *buffer, size_t room)
{
	(void)position;
	struct listener *listener = data;
	size_t length = 0;
	while (length < room && (listener->sent < listener->length || listener_put_next(listener))) {
		size_t part = min_size(room - length, listener->length - listener->sent);
		memcpy(buffer + length, listener->text + listener->sent, part);
		listener->sent += part;
		length += part;
	}
	if (listener->has_failed)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (length == 0)
		peer_suspend(listener->peer);
	return (ssize_t)length;
}

static void free_listener(void *data)
{
	struct listener *listener = data;
	struct events *events = listener->events;
	struct listener **link = &events->listeners;
	while (*link && *link != listener)
		link = &(*link)->next;
	if (*link) {
		*link = listener->next;
		if (--events->count == 0)
			loop_set_timer(events->retry, 0, 0);
	}
	listener_free(listener);
}

static char *cameras_text(const struct web *web)
{
	cJSON *json = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(json, "cameras");
	for (size_t i = 0; i < cameras_count(web->cameras); i++)
		cJSON_AddItemToArray(list, cJSON_CreateString(cameras_at(web->cameras, i)->name));
	char *text = cJSON_PrintUnformatted(json);
	cJSON_Delete(json);
	return text;
}

static struct listener *add_listener(struct events *events, struct peer *peer, const char *camera, const char *command)
{
	struct listener *listener = events->count < LISTENERS_MAX ? calloc(1, sizeof *listener) : NULL;
	if (!listener)
		return NULL;
	listener->events = events;
	listener->web = events->web;
	listener->peer = peer;
	listener->command = command;
	snprintf(listener->camera, sizeof listener->camera, "%s", camera ? camera : "");
	listener->next = events->listeners;
	events->listeners = listener;
	if (events->count++ == 0)
		loop_set_timer(events->retry, CLOCK_NS_PER_S, CLOCK_NS_PER_S);
	return listener;
}

static void begin_listener(struct listener *listener, const char *ids)
{
	char *text = cameras_text(listener->events->web);
	listener_put(listener, "retry: 1000\n\n");
	if (text)
		listener_put(listener, "event: cameras\ndata: %s\n\n", text);
	free(text);
	listener_join(listener, ids ? ids : "");
}

static void begin_stream(struct request *request, const char *command)
{
	struct events *events = request->web->events;
	const char *camera = target_value(&request->target, "camera");
	const char *ids = request_header(request, "Last-Event-ID");
	if (!ids)
		ids = target_value(&request->target, "since");
	if (camera && !cameras_of_request(request))
		return;
	struct listener *listener = add_listener(events, request->peer, camera, command);
	if (!listener) {
		request_problem(request, 503, "too many listen to events already");
		return;
	}
	begin_listener(listener, ids);
	struct MHD_Response *response =
	    MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_listener, listener, free_listener);
	if (!response)
		free_listener(listener);
	else
		response_header(response, "Content-Type", "text/event-stream");
	peer_set_state(request->peer, PEER_STREAMING);
	request_respond(request, 200, response);
}

void events_get(struct request *request)
{
	begin_stream(request, command_events);
}

void events_get_log(struct request *request)
{
	begin_stream(request, command_log);
}

/* --- what pastcam-web itself has to tell --- */

static void publish(const char *command, const char *name, const char *text)
{
	struct feed *feed = feeds_find(command, "");
	if (feed && text)
		feed_put(feed, name, "", text);
}

void events_publish(struct web *web, const char *name, const cJSON *json)
{
	(void)web;
	char *text = cJSON_PrintUnformatted(json);
	publish(command_events, name, text);
	free(text);
}

void events_cameras_changed(struct web *web)
{
	if (!web->events)
		return;
	char *text = cameras_text(web);
	publish(command_events, "cameras", text);
	publish(command_log, "cameras", text);
	free(text);
	for (struct listener *listener = web->events->listeners; listener; listener = listener->next)
		listener_join(listener, "");
	feeds_connect();
}

struct events *events_create(struct web *web, struct error *error)
{
	struct events *events = calloc(1, sizeof *events);
	if (!events) {
		error_set(error, -ENOMEM, "no memory for events");
		return NULL;
	}
	events->web = web;
	events->retry = loop_add_timer(web->loop, on_second, events);
	if (events->retry)
		return events;
	error_set_errno(error, -errno, "cannot make a timer for events");
	free(events);
	return NULL;
}

void events_destroy(struct events *events)
{
	if (!events)
		return;
	loop_remove(events->retry);
	free(events);
}

size_t events_listeners(const struct events *events)
{
	return events->count;
}
