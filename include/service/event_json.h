/* An event as people and programs see it: one line of JSON. */
#ifndef PASTCAM_SERVICE_EVENT_JSON_H
#define PASTCAM_SERVICE_EVENT_JSON_H

#include <stddef.h>

#include "store/event_log.h"

/* The most that event_json writes, terminator included. */
enum { EVENT_JSON_BYTES = 5120 };

/* Writes {"event":…,"id":…,"time":…,"epoch":…,"monotonic":…,"camera":…} and the fields of the event's type, without a
 * newline. Returns the length. time is ISO 8601 in UTC with milliseconds, epoch and monotonic are seconds. A text that
 * is no UTF-8 is mended (see utf8_repair), so that the line always is. Allocates nothing; any thread. */
size_t event_json(const struct event_log *log, const struct event *event, char text[EVENT_JSON_BYTES]);

/* The line of a stream in which nothing happens: {"event":"heartbeat","id":…,"time":…,"epoch":…,"monotonic":…,
 * "camera":…}; id is that of the newest event that a reader with this cursor has passed. */
size_t event_json_heartbeat(const struct event_log *log, uint64_t cursor, char text[EVENT_JSON_BYTES]);

#endif
