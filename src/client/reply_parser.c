#include "reply_parser.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_ROOM_FIRST = 1024 };

/* Whole numbers up to here are exact in a double. */
static const double payload_bytes_max = 9007199254740992.0;

void reply_parser_init(struct reply_parser *parser, enum client_reply reply, const struct client_handlers *handlers,
                       void *data)
{
	*parser = (struct reply_parser){ .reply = reply, .handlers = handlers, .data = data };
}

void reply_parser_finish(struct reply_parser *parser)
{
	free(parser->line);
	parser->line = NULL;
	parser->length = parser->room = 0;
}

static int gather(struct reply_parser *parser, const char *bytes, size_t length, struct error *error)
{
	size_t wanted = parser->length + length + 1;
	if (wanted > CLIENT_REPLY_LINE_BYTES + 1)
		return error_set(error, -EMSGSIZE, "the reply has a line of more than %d bytes: is this pastcam?",
		                 CLIENT_REPLY_LINE_BYTES);
	if (wanted > parser->room) {
		size_t room = parser->room ? parser->room : LINE_ROOM_FIRST;
		while (room < wanted)
			room *= 2;
		char *line = realloc(parser->line, room);
		if (!line)
			return error_set(error, -ENOMEM, "no memory for a line of a reply");
		parser->line = line;
		parser->room = room;
	}
	memcpy(parser->line + parser->length, bytes, length);
	parser->length += length;
	parser->line[parser->length] = '\0';
	return 0;
}

/* How many bytes follow a line of metadata; 0 for any other line. */
static uint64_t payload_of(const char *line, size_t length)
{
	if (line[0] != '{')
		return 0;
	cJSON *object = cJSON_ParseWithLength(line, length);
	const cJSON *bytes = cJSON_GetObjectItemCaseSensitive(object, "bytes");
	uint64_t payload = 0;
	if (cJSON_IsNumber(bytes) && bytes->valuedouble >= 0 && bytes->valuedouble <= payload_bytes_max)
		payload = (uint64_t)bytes->valuedouble;
	cJSON_Delete(object);
	return payload;
}

static void hand_on_line(struct reply_parser *parser)
{
	size_t length = parser->length;
	if (length > 0 && parser->line[length - 1] == '\r')
		parser->line[--length] = '\0';
	if (parser->reply == CLIENT_FRAMES)
		parser->payload_left = payload_of(parser->line, length);
	parser->length = 0;
	parser->handlers->line(parser->data, parser->line, length, parser->payload_left);
}

/* Returns how many bytes were used. */
static int take_line(struct reply_parser *parser, const char *bytes, size_t length, size_t *used, struct error *error)
{
	const char *end = memchr(bytes, '\n', length);
	size_t part = end ? (size_t)(end - bytes) : length;
	int result = gather(parser, bytes, part, error);
	if (result < 0)
		return result;
	*used = end ? part + 1 : part;
	if (end)
		hand_on_line(parser);
	return 0;
}

static size_t take_payload(struct reply_parser *parser, const char *bytes, size_t length)
{
	size_t part = length;
	if (parser->reply == CLIENT_FRAMES) {
		part = parser->payload_left < length ? (size_t)parser->payload_left : length;
		parser->payload_left -= part;
	}
	parser->handlers->bytes(parser->data, bytes, part, parser->payload_left);
	return part;
}

int reply_parser_feed(struct reply_parser *parser, const char *bytes, size_t length, struct error *error)
{
	parser->has_bytes = parser->has_bytes || length > 0;
	while (length > 0 && !parser->is_stopped) {
		size_t used = 0;
		int result = 0;
		if (parser->reply == CLIENT_BYTES || parser->payload_left > 0)
			used = take_payload(parser, bytes, length);
		else
			result = take_line(parser, bytes, length, &used, error);
		if (result < 0)
			return result;
		bytes += used;
		length -= used;
	}
	return 0;
}

int reply_parser_end(const struct reply_parser *parser, struct error *error)
{
	if (!parser->has_bytes)
		return error_set(error, -EPIPE, "the connection was closed without a reply");
	if (parser->payload_left > 0)
		return error_set(error, -EPIPE, "the reply broke off: %llu bytes of a picture are missing",
		                 (unsigned long long)parser->payload_left);
	if (parser->length > 0)
		return error_set(error, -EPIPE, "the reply broke off within a line");
	return 0;
}
