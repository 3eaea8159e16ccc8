#include "mp4_boxes.h"

#include <errno.h>
#include <string.h>

#include "mp4_movie.h"

enum { LARGE_HEAD_BYTES = 16, STSD_HEAD_BYTES = 16 };

bool box_find(const struct box *within, const char *type, struct box *found)
{
	const uint8_t *at = within->data, *end = at + within->bytes;
	while (end - at >= BOX_HEAD_BYTES) {
		size_t bytes = read_32(at);
		if (bytes < BOX_HEAD_BYTES || bytes > (size_t)(end - at))
			return false;
		if (memcmp(at + 4, type, 4) == 0) {
			*found = (struct box){ at + BOX_HEAD_BYTES, bytes - BOX_HEAD_BYTES };
			return true;
		}
		at += bytes;
	}
	return false;
}

bool box_find_path(const struct box *within, const char *types, struct box *found)
{
	*found = *within;
	for (; *types; types += 4)
		if (!box_find(found, types, found))
			return false;
	return true;
}

int box_read_at(const struct mp4_source *source, uint64_t offset, void *data, size_t count)
{
	if (offset > source->bytes || count > source->bytes - offset)
		return -ENODATA;
	return source->read(source->data, offset, data, count);
}

int box_read_head(const struct mp4_source *source, uint64_t offset, char type[4], uint64_t *size)
{
	uint8_t head[LARGE_HEAD_BYTES];
	int result = box_read_at(source, offset, head, BOX_HEAD_BYTES);
	if (result < 0)
		return result;
	memcpy(type, head + 4, 4);
	*size = read_32(head);
	if (*size == 1) {
		result = box_read_at(source, offset, head, LARGE_HEAD_BYTES);
		*size = result == 0 ? read_64(head + BOX_HEAD_BYTES) : 0;
	}
	if (result == 0 && (*size < BOX_HEAD_BYTES || *size > source->bytes - offset))
		result = -ENODATA;
	return result;
}

int box_take(const struct mp4_source *source, uint64_t *at, const char *type, size_t most, struct bytes *memory,
             struct box *box)
{
	char found[4];
	uint64_t size;
	int result = box_read_head(source, *at, found, &size);
	if (result < 0)
		return result;
	if (memcmp(found, type, 4) != 0 || size > most)
		return -EINVAL;
	memory->count = 0;
	uint8_t *data = bytes_more(memory, (size_t)size);
	if (!data)
		return -ENOMEM;
	result = box_read_at(source, *at, data, (size_t)size);
	*at += size;
	*box = (struct box){ data + BOX_HEAD_BYTES, (size_t)size - BOX_HEAD_BYTES };
	return result;
}

bool box_find_entry(const struct box *track, struct box *entry, struct video_format *format)
{
	struct box box;
	if (!box_find_path(track, "mdiaminfstblstsd", &box) || box.bytes <= STSD_HEAD_BYTES)
		return false;
	*entry = (struct box){ box.data + 8, read_32(box.data + 8) };
	return entry->bytes <= box.bytes - 8 && mp4_entry_read(entry->data, entry->bytes, format);
}
