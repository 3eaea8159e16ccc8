#include "fragments.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "media/mp4.h"

enum {
	HEAD_BYTES = 8, /* of a box: its length, its type */
	BOX_BYTES_MAX = 64 * 1024 * 1024,
	TRUN_FLAGS = 0x701, /* data offset; duration, size and flags of each sample */
	TRUN_HEAD_BYTES = 20,
	TRUN_ENTRY_BYTES = 12,
	NOT_SYNC = 0x10000, /* sample_is_non_sync_sample */
	DEPTH_MAX = 2,      /* `moof`, `traf` */
};

void fragments_init(struct fragments *fragments, const struct fragments_handlers *handlers, void *data)
{
	*fragments = (struct fragments){ .handlers = handlers, .data = data };
}

void fragments_finish(struct fragments *fragments)
{
	chunk_release(fragments->head);
	chunk_release(fragments->moof);
	free(fragments->bytes);
	*fragments = (struct fragments){ .handlers = fragments->handlers, .data = fragments->data };
}

static uint32_t read_32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static bool is_type(const uint8_t *box, const char *type)
{
	return memcmp(box + 4, type, 4) == 0;
}

/* `trun`: how long its samples last together, and whether the first is a key frame. */
static int read_run(const uint8_t *box, size_t bytes, struct fragment *fragment)
{
	if (bytes < TRUN_HEAD_BYTES || (read_32(box + 8) & 0xffffff) != TRUN_FLAGS)
		return -EINVAL;
	size_t count = read_32(box + 12);
	if (count == 0 || count > (bytes - TRUN_HEAD_BYTES) / TRUN_ENTRY_BYTES)
		return -EINVAL;
	const uint8_t *entry = box + TRUN_HEAD_BYTES;
	fragment->is_key = !(read_32(entry + 8) & NOT_SYNC);
	uint64_t ticks = 0;
	for (size_t i = 0; i < count; i++, entry += TRUN_ENTRY_BYTES)
		ticks += read_32(entry);
	fragment->seconds = (double)ticks / MP4_TIMESCALE;
	return 0;
}

/* Looks for the run of samples in the boxes within box. -ENOENT: there is none. */
static int find_run(const uint8_t *box, size_t bytes, int depth, struct fragment *fragment)
{
	for (size_t at = HEAD_BYTES; at + HEAD_BYTES <= bytes;) {
		size_t inner = read_32(box + at);
		if (inner < HEAD_BYTES || inner > bytes - at)
			return -EINVAL;
		if (is_type(box + at, "trun"))
			return read_run(box + at, inner, fragment);
		if (depth < DEPTH_MAX && is_type(box + at, "traf"))
			return find_run(box + at, inner, depth + 1, fragment);
		at += inner;
	}
	return -ENOENT;
}

static int begin(struct chunk **chunk, const uint8_t *box, size_t bytes)
{
	chunk_release(*chunk);
	*chunk = chunk_of(box, bytes);
	return *chunk ? 0 : -ENOMEM;
}

static int end_head(struct fragments *fragments, const uint8_t *box, size_t bytes)
{
	int result = fragments->head ? chunk_append(&fragments->head, box, bytes) : -EINVAL;
	if (result == 0)
		fragments->handlers->head(fragments->data, fragments->head, memmem(box, bytes, "avc1", 4) != NULL);
	fragments->has_head = result == 0;
	chunk_release(fragments->head);
	fragments->head = NULL;
	return result;
}

static int end_fragment(struct fragments *fragments, const uint8_t *box, size_t bytes)
{
	int result = fragments->moof ? chunk_append(&fragments->moof, box, bytes) : -EINVAL;
	fragments->fragment.bytes = fragments->moof;
	if (result == 0)
		fragments->handlers->fragment(fragments->data, &fragments->fragment);
	chunk_release(fragments->moof);
	fragments->moof = NULL;
	return result;
}

static int take_box(struct fragments *fragments, const uint8_t *box, size_t bytes)
{
	if (is_type(box, "ftyp"))
		return begin(&fragments->head, box, bytes);
	if (is_type(box, "moov"))
		return end_head(fragments, box, bytes);
	if (is_type(box, "mdat"))
		return end_fragment(fragments, box, bytes);
	if (!is_type(box, "moof"))
		return fragments->head || fragments->has_head ? 0 : -EINVAL;
	int result = find_run(box, bytes, 1, &fragments->fragment);
	return result < 0 ? -EINVAL : begin(&fragments->moof, box, bytes);
}

static int make_room(struct fragments *fragments, size_t count)
{
	if (fragments->length + count <= fragments->capacity)
		return 0;
	size_t capacity = (fragments->length + count) * 2;
	uint8_t *grown = realloc(fragments->bytes, capacity);
	if (!grown)
		return -ENOMEM;
	fragments->bytes = grown;
	fragments->capacity = capacity;
	return 0;
}

/* All boxes that are whole; *used: their bytes. */
static int take_boxes(struct fragments *fragments, size_t *used)
{
	int result = 0;
	while (result == 0 && fragments->length - *used >= HEAD_BYTES) {
		const uint8_t *box = fragments->bytes + *used;
		size_t bytes = read_32(box);
		if (bytes < HEAD_BYTES || bytes > BOX_BYTES_MAX)
			return -EINVAL;
		if (fragments->length - *used < bytes)
			return 0;
		result = take_box(fragments, box, bytes);
		*used += bytes;
	}
	return result;
}

int fragments_feed(struct fragments *fragments, const void *bytes, size_t count)
{
	size_t used = 0;
	if (count == 0)
		return fragments->has_failed ? -EINVAL : 0;
	int result = fragments->has_failed ? -EINVAL : make_room(fragments, count);
	if (result == 0) {
		memcpy(fragments->bytes + fragments->length, bytes, count);
		fragments->length += count;
		result = take_boxes(fragments, &used);
		fragments->length -= used;
		memmove(fragments->bytes, fragments->bytes + used, fragments->length);
	}
	fragments->has_failed = result < 0;
	return result;
}
