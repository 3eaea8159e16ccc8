#include "service/event_json.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"

enum { FIELDS_MAX = 8 };

enum kind {
	KIND_TEXT,
	KIND_TEXT_OR_NULL,
	KIND_LIST, /* "a,b" as ["a","b"] */
	KIND_TIER,
	KIND_NUMBER,
	KIND_COUNT,
	KIND_COUNT_OR_NULL, /* 0 is null */
	KIND_UNKNOWN_COUNT, /* EVENT_COUNT_UNKNOWN is null */
	KIND_MIB,
	KIND_TIME,
	KIND_BOX,
};

struct field {
	const char *name; /* NULL: no more */
	enum kind kind;
	size_t offset;
};

#define FIELD(name, kind, member)                                                                                      \
	{                                                                                                                  \
		name, kind, offsetof(struct event, member)                                                                     \
	}
#define FRAME FIELD("frame", KIND_COUNT_OR_NULL, frame_id)
#define LABEL FIELD("label", KIND_TEXT, label)
#define REASON FIELD("reason", KIND_TEXT, reason)
#define PATH FIELD("path", KIND_TEXT_OR_NULL, path)
#define FORMATS FIELD("formats", KIND_LIST, formats)
#define TAKEN FIELD("taken", KIND_TIME, taken_ns)
#define DURATION FIELD("duration_s", KIND_NUMBER, duration_s)
#define FILES FIELD("files", KIND_COUNT, count)
#define ZONE FIELD("zone", KIND_TEXT, zone)
#define SCORE FIELD("score", KIND_NUMBER, score)
#define BOX FIELD("box", KIND_BOX, box)
#define CLIP FIELD("clip", KIND_COUNT, id)
#define PIN FIELD("pin", KIND_COUNT, id)
#define LEVEL FIELD("level", KIND_NUMBER, score)
#define FREE FIELD("free_mib", KIND_MIB, bytes)

static const struct field fields_of[EVENT_TYPES][FIELDS_MAX] = {
	[EVENT_BOOT] = { FIELD("version", KIND_TEXT, label) },
	[EVENT_CAMERA_UP] = { FIELD("model", KIND_TEXT, label) },
	[EVENT_CAMERA_DOWN] = { REASON },
	[EVENT_NIGHT_ENTER] = { LEVEL, FRAME },
	[EVENT_NIGHT_EXIT] = { LEVEL, FRAME },
	[EVENT_MOTION_START] = { ZONE, SCORE, BOX, FRAME },
	[EVENT_MOTION_END] = { ZONE, SCORE, BOX, DURATION, FRAME },
	[EVENT_TRIGGER] = { LABEL, FRAME },
	[EVENT_CLIP_START] = { CLIP, LABEL, REASON },
	[EVENT_CLIP_END] = { CLIP, LABEL, PATH, TAKEN, DURATION, FIELD("frames", KIND_COUNT, count),
	                     FIELD("mib", KIND_MIB, bytes) },
	[EVENT_CLIP_FAILED] = { CLIP, LABEL, PATH, REASON },
	[EVENT_PICTURE_SAVED] = { PATH, FORMATS, FILES, FRAME, TAKEN },
	[EVENT_PICTURE_FAILED] = { REASON, FORMATS, FRAME, TAKEN },
	[EVENT_STORAGE_LOW] = { REASON, FREE },
	[EVENT_STORAGE_OK] = { FREE },
	[EVENT_PIN_MADE] = { PIN, FIELD("tier", KIND_TIER, tier), FIELD("frames", KIND_COUNT, count),
	                     FIELD("expires_s", KIND_NUMBER, duration_s) },
	[EVENT_PIN_KEPT] = { PIN, PATH, FORMATS, FILES },
	[EVENT_PIN_DROPPED] = { PIN, REASON },
	[EVENT_LOST] = { FIELD("count", KIND_UNKNOWN_COUNT, count) },
};

/* Cannot overflow: EVENT_JSON_BYTES holds the longest of each text, every byte of it escaped. */
struct line {
	char *text;
	size_t length;
};

__attribute__((format(printf, 2, 3))) static void add(struct line *line, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(line->text + line->length, EVENT_JSON_BYTES - line->length, format, arguments);
	va_end(arguments);
	assert(length >= 0 && line->length + (size_t)length < EVENT_JSON_BYTES);
	line->length += (size_t)length;
}

static void add_text(struct line *line, const char *text, size_t length)
{
	add(line, "\"");
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			add(line, "\\u%04x", text[i]);
		else
			add(line, text[i] == '"' || text[i] == '\\' ? "\\%c" : "%c", text[i]);
	}
	add(line, "\"");
}

static void add_list(struct line *line, const char *text)
{
	add(line, "[");
	while (*text != '\0') {
		size_t length = strcspn(text, ",");
		add_text(line, text, length);
		text += length;
		if (*text == ',') {
			add(line, ",");
			text++;
		}
	}
	add(line, "]");
}

static void add_number(struct line *line, double value)
{
	if (isfinite(value))
		add(line, "%.*g", 15, round(value * 1000) / 1000);
	else
		add(line, "null");
}

static void add_time(struct line *line, int64_t wall_ns)
{
	char text[CLOCK_ISO_BYTES];
	clock_format_iso(wall_ns, text);
	add(line, "\"%s\"", text);
}

static void add_count(struct line *line, uint64_t count, bool known)
{
	if (known)
		add(line, "%" PRIu64, count);
	else
		add(line, "null");
}

static void add_value(struct line *line, const struct field *field, const struct event *event)
{
	const void *at = (const char *)event + field->offset;
	const uint64_t *count = at;
	const int64_t *ns = at;
	const int32_t *box = at;
	const char *text = at;
	switch (field->kind) {
	case KIND_TEXT_OR_NULL:
		if (text[0] == '\0') {
			add(line, "null");
			return;
		}
		/* fall through */
	case KIND_TEXT:
		add_text(line, text, strlen(text));
		return;
	case KIND_LIST:
		add_list(line, text);
		return;
	case KIND_TIER:
		add(line, "\"%s\"", event_tier_text(event->tier));
		return;
	case KIND_NUMBER:
		add_number(line, *(const double *)at);
		return;
	case KIND_COUNT:
		add_count(line, *count, true);
		return;
	case KIND_COUNT_OR_NULL:
		add_count(line, *count, *count != 0);
		return;
	case KIND_UNKNOWN_COUNT:
		add_count(line, *count, *count != EVENT_COUNT_UNKNOWN);
		return;
	case KIND_MIB:
		add_number(line, (double)*ns / (1 << 20));
		return;
	case KIND_TIME:
		if (*ns != 0)
			add_time(line, *ns);
		else
			add(line, "null");
		return;
	case KIND_BOX:
		add(line, "[%" PRId32 ",%" PRId32 ",%" PRId32 ",%" PRId32 "]", box[0], box[1], box[2], box[3]);
		return;
	}
}

static void add_head(struct line *line, const struct event_log *log, const char *name, const struct event *event)
{
	char id[EVENT_ID_BYTES];
	event_log_id(log, event->number, id);
	add(line, "{\"event\":\"%s\",\"id\":\"%s\",\"time\":", name, id);
	add_time(line, event->wall_ns);
	add(line, ",\"epoch\":%.3f,\"monotonic\":%.3f,\"camera\":", floor((double)event->wall_ns / CLOCK_NS_PER_MS) / 1000,
	    (double)event->monotonic_ns / (double)CLOCK_NS_PER_S);
	const char *camera = event_log_camera(log);
	add_text(line, camera, strlen(camera));
}

static struct event repaired(const struct event *event)
{
	struct event copy = *event;
	utf8_repair(copy.label);
	utf8_repair(copy.zone);
	utf8_repair(copy.formats);
	utf8_repair(copy.reason);
	utf8_repair(copy.path);
	return copy;
}

size_t event_json(const struct event_log *log, const struct event *original, char text[EVENT_JSON_BYTES])
{
	const struct event copy = repaired(original), *event = &copy;
	const struct field *fields = fields_of[event->type];
	struct line line = { .text = text };
	add_head(&line, log, event_type_text(event->type), event);
	for (size_t i = 0; i < FIELDS_MAX && fields[i].name; i++) {
		add(&line, ",\"%s\":", fields[i].name);
		add_value(&line, &fields[i], event);
	}
	add(&line, "}");
	return line.length;
}

size_t event_json_heartbeat(const struct event_log *log, uint64_t cursor, char text[EVENT_JSON_BYTES])
{
	struct line line = { .text = text };
	int64_t now_ns = clock_now_ns();
	struct event now = { .number = cursor > 0 ? cursor - 1 : 0,
		                 .monotonic_ns = now_ns,
		                 .wall_ns = clock_wall_of(now_ns) };
	add_head(&line, log, "heartbeat", &now);
	add(&line, "}");
	return line.length;
}
