#include "mp4_bytes.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 1024 };

void bytes_free(struct bytes *bytes)
{
	free(bytes->data);
	*bytes = (struct bytes){ 0 };
}

uint8_t *bytes_more(struct bytes *bytes, size_t count)
{
	size_t room = bytes->room ? bytes->room : FIRST_ROOM;
	if (bytes->failed)
		return NULL;
	while (room - bytes->count < count)
		room *= 2;
	if (room != bytes->room) {
		uint8_t *grown = realloc(bytes->data, room);
		if (!grown) {
			bytes->failed = true;
			return NULL;
		}
		bytes->data = grown;
		bytes->room = room;
	}
	bytes->count += count;
	return bytes->data + bytes->count - count;
}

void bytes_put(struct bytes *bytes, const void *data, size_t count)
{
	uint8_t *to = bytes_more(bytes, count);
	if (to && count > 0)
		memcpy(to, data, count);
}

void bytes_zero(struct bytes *bytes, size_t count)
{
	uint8_t *to = bytes_more(bytes, count);
	if (to)
		memset(to, 0, count);
}

void bytes_8(struct bytes *bytes, unsigned value)
{
	uint8_t *to = bytes_more(bytes, 1);
	if (to)
		to[0] = (uint8_t)value;
}

void bytes_16(struct bytes *bytes, unsigned value)
{
	bytes_8(bytes, value >> 8);
	bytes_8(bytes, value);
}

static void write_32(uint8_t *to, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(value >> (24 - 8 * i));
}

void bytes_32(struct bytes *bytes, uint32_t value)
{
	uint8_t *to = bytes_more(bytes, 4);
	if (to)
		write_32(to, value);
}

void bytes_64(struct bytes *bytes, uint64_t value)
{
	bytes_32(bytes, (uint32_t)(value >> 32));
	bytes_32(bytes, (uint32_t)value);
}

size_t box_begin(struct bytes *bytes, const char type[4])
{
	size_t begin = bytes->count;
	bytes_32(bytes, 0);
	bytes_put(bytes, type, 4);
	return begin;
}

size_t box_begin_full(struct bytes *bytes, const char type[4], unsigned version, uint32_t flags)
{
	size_t begin = box_begin(bytes, type);
	bytes_32(bytes, version << 24 | flags);
	return begin;
}

void box_end(struct bytes *bytes, size_t begin)
{
	if (!bytes->failed)
		write_32(bytes->data + begin, (uint32_t)(bytes->count - begin));
}
