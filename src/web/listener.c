#include "listener.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How far a listener is in a feed. */
struct cursor {
	struct cursor *next;
	struct feed *feed;
	uint64_t at;
	bool is_placed, wants_all, is_away_told;
	char last_id[EVENT_ID_BYTES];
};

void listener_put(struct listener *listener, const char *format, ...)
{
	char *more = NULL;
	va_list arguments;
	va_start(arguments, format);
	int length = vasprintf(&more, format, arguments);
	va_end(arguments);
	if (listener->sent == listener->length)
		listener->length = listener->sent = 0;
	char *text = length >= 0 ? realloc(listener->text, listener->length + (size_t)length + 1) : NULL;
	listener->has_failed |= !text;
	if (text) {
		memcpy(text + listener->length, more, (size_t)length + 1);
		listener->text = text;
		listener->length += (size_t)length;
	}
	if (length >= 0)
		free(more);
}

/* "name=BOOT-12,other=BOOT-7": what a listener that comes back sends as Last-Event-ID. */
static void write_ids(const struct listener *listener, char *text, size_t bytes)
{
	size_t length = 0;
	text[0] = '\0';
	for (const struct cursor *cursor = listener->cursors; cursor; cursor = cursor->next) {
		if (cursor->last_id[0] == '\0' || length + CAMERA_NAME_BYTES + EVENT_ID_BYTES + 3 > bytes)
			continue;
		length += (size_t)snprintf(text + length, bytes - length, "%s%s=%s", length > 0 ? "," : "",
		                           cursor->feed->camera, cursor->last_id);
	}
}

static void put_event(struct listener *listener, struct cursor *cursor, const struct event_text *text)
{
	char ids[CLIENT_CAMERAS_MAX * (EVENT_ID_BYTES + 36)];
	if (text->id[0])
		strcpy(cursor->last_id, text->id);
	write_ids(listener, ids, sizeof ids);
	listener_put(listener, "event: %s\n%s%s%sdata: %s\n\n", text->name, ids[0] ? "id: " : "", ids, ids[0] ? "\n" : "",
	             text->data);
}

static void put_lost(struct listener *listener, const struct cursor *cursor, uint64_t lost)
{
	char count[24] = "null";
	if (lost != EVENT_RING_LOST_UNKNOWN)
		snprintf(count, sizeof count, "%llu", (unsigned long long)lost);
	listener_put(listener, "event: lost\ndata: {\"event\":\"lost\",\"count\":%s,\"camera\":\"%s\"}\n\n", count,
	             cursor->feed->camera);
}

/* Where it begins is known once the feed has what the daemon kept. */
static uint64_t place(struct cursor *cursor)
{
	cursor->is_placed = true;
	if (cursor->wants_all || cursor->last_id[0])
		return event_ring_seek(&cursor->feed->ring, &cursor->at, cursor->wants_all ? NULL : cursor->last_id);
	cursor->at = cursor->feed->ring.end;
	return 0;
}

static bool put_state(struct listener *listener, struct cursor *cursor)
{
	cJSON *json = cJSON_CreateObject();
	cursor->is_away_told = cursor->feed->away.code < 0;
	cJSON_AddStringToObject(json, "camera", cursor->feed->camera);
	if (cursor->is_away_told)
		cJSON_AddStringToObject(json, "reason", cursor->feed->away.text);
	char *text = cJSON_PrintUnformatted(json);
	cJSON_Delete(json);
	listener->has_failed |= !text;
	if (text)
		listener_put(listener, "event: %s\ndata: %s\n\n", cursor->is_away_told ? "away" : "back", text);
	free(text);
	return true;
}

static bool put_next_of(struct listener *listener, struct cursor *cursor)
{
	uint64_t lost = 0;
	const struct event_text *text = NULL;
	if (cursor->is_away_told != (cursor->feed->away.code < 0))
		return put_state(listener, cursor);
	if (!cursor->is_placed && cursor->feed->has_history)
		lost = place(cursor);
	if (cursor->is_placed && lost == 0)
		text = event_ring_next(&cursor->feed->ring, &cursor->at, &lost);
	if (lost > 0)
		put_lost(listener, cursor, lost);
	else if (text)
		put_event(listener, cursor, text);
	return lost > 0 || text;
}

bool listener_put_next(struct listener *listener)
{
	for (struct cursor *cursor = listener->cursors; cursor; cursor = cursor->next)
		if (put_next_of(listener, cursor))
			return !listener->has_failed;
	return false;
}

/* --- which feeds --- */

/* Where a listener begins in the feed of a camera: ids as in Last-Event-ID, one id, or "all". */
static void read_id(const char *ids, struct cursor *cursor)
{
	const char *camera = cursor->feed->camera;
	const size_t name = strlen(camera);
	cursor->wants_all = strcmp(ids, "all") == 0;
	if (!cursor->wants_all && !strpbrk(ids, "=, ") && strlen(ids) < EVENT_ID_BYTES)
		strcpy(cursor->last_id, ids);
	for (const char *at = ids; at && *at; at = strchr(at, ',') ? strchr(at, ',') + 1 : "") {
		size_t length = strcspn(at, ",");
		if (length > name + 1 && strncmp(at, camera, name) == 0 && at[name] == '=' &&
		    length - name - 1 < EVENT_ID_BYTES) {
			snprintf(cursor->last_id, EVENT_ID_BYTES, "%.*s", (int)(length - name - 1), at + name + 1);
			return;
		}
	}
}

static void join(struct listener *listener, const char *camera, const char *ids)
{
	for (const struct cursor *known = listener->cursors; known; known = known->next)
		if (strcmp(known->feed->camera, camera) == 0)
			return;
	struct cursor *cursor = calloc(1, sizeof *cursor);
	if (cursor)
		cursor->feed = feeds_join(listener->web, listener->command, camera);
	if (!cursor || !cursor->feed) {
		free(cursor);
		listener->has_failed = true;
		return;
	}
	cursor->next = listener->cursors;
	listener->cursors = cursor;
	if (camera[0])
		read_id(ids, cursor);
	else
		place(cursor);
}

void listener_join(struct listener *listener, const char *ids)
{
	const struct cameras *cameras = listener->web->cameras;
	join(listener, "", "");
	if (listener->camera[0])
		join(listener, listener->camera, ids);
	for (size_t i = 0; !listener->camera[0] && i < cameras_count(cameras); i++)
		join(listener, cameras_at(cameras, i)->name, ids);
}

void listener_free(struct listener *listener)
{
	while (listener->cursors) {
		struct cursor *cursor = listener->cursors;
		listener->cursors = cursor->next;
		feeds_leave(cursor->feed);
		free(cursor);
	}
	free(listener->text);
	free(listener);
}
