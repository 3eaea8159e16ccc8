#include "events_private.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "base/clock.h"
#include "response.h"

enum {
	LISTENERS_MAX = 64,
	BUFFER_BYTES = 256 * 1024, /* what waits for a listener; beyond it the daemon keeps the rest */
	BLOCK_BYTES = 8 * 1024,
	HEARTBEAT_S = 10,
};

static const char command_events[] = "events";

struct events {
	struct web *web;
	struct loop_watch *retry; /* each second while there are listeners: lost daemons, heartbeats */
	unsigned seconds;
	struct listener *listeners;
	size_t count;
};

/* --- text for a listener --- */

static void make_room(struct listener *listener)
{
	listener->length -= listener->sent;
	memmove(listener->text, listener->text + listener->sent, listener->length);
	listener->sent = 0;
}

void listener_put(struct listener *listener, const char *format, ...)
{
	make_room(listener);
	size_t room = BUFFER_BYTES - listener->length;
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(listener->text + listener->length, room, format, arguments);
	va_end(arguments);
	if (length > 0 && (size_t)length < room)
		listener->length += (size_t)length;
	if (listener->length > BUFFER_BYTES / 2)
		upstreams_pause(listener, true);
	peer_resume(listener->peer);
}

static void on_second(void *data, uint32_t times)
{
	(void)times;
	struct events *events = data;
	bool is_heartbeat = ++events->seconds % HEARTBEAT_S == 0;
	for (struct listener *listener = events->listeners; listener; listener = listener->next) {
		upstreams_connect(events->web, listener, "");
		/* Also shows whether the listener is still there. */
		if (is_heartbeat && listener->length == 0)
			listener_put(listener, ":\n\n");
	}
}

/* --- to the listener --- */

static ssize_t read_listener(void *data, uint64_t position, char *buffer, size_t room)
{
	(void)position;
	struct listener *listener = data;
	size_t length = listener->length - listener->sent;
	if (length == 0) {
		upstreams_pause(listener, false);
		peer_suspend(listener->peer);
		return 0;
	}
	if (length > room)
		length = room;
	memcpy(buffer, listener->text + listener->sent, length);
	listener->sent += length;
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
	upstreams_destroy(listener);
	free(listener->text);
	free(listener);
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
	if (listener)
		listener->text = malloc(BUFFER_BYTES);
	if (!listener || !listener->text) {
		free(listener);
		return NULL;
	}
	listener->events = events;
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
	upstreams_connect(listener->events->web, listener, ids ? ids : "");
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
	begin_stream(request, "log");
}

/* --- what pastcam-web itself has to tell --- */

void events_publish(struct web *web, const char *name, const cJSON *json)
{
	char *text = cJSON_PrintUnformatted(json);
	for (struct listener *listener = web->events->listeners; text && listener; listener = listener->next)
		if (listener->command == command_events)
			listener_put(listener, "event: %s\ndata: %s\n\n", name, text);
	free(text);
}

void events_cameras_changed(struct web *web)
{
	if (!web->events)
		return;
	struct events *events = web->events;
	char *text = cameras_text(web);
	for (struct listener *listener = events->listeners; listener; listener = listener->next) {
		if (text)
			listener_put(listener, "event: cameras\ndata: %s\n\n", text);
		upstreams_connect(events->web, listener, "");
	}
	free(text);
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
