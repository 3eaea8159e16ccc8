/* Reading MP4 boxes out of a file, each checked against the file's size before a byte of it is believed. Private to the
 * mp4 files. */
#ifndef PASTCAM_MEDIA_MP4_BOXES_H
#define PASTCAM_MEDIA_MP4_BOXES_H

#include "media/mp4.h"
#include "mp4_bytes.h"

enum { BOX_HEAD_BYTES = 8 };

struct box {
	const uint8_t *data; /* behind its head */
	size_t bytes;
};

/* The box of that type among the ones in `within`; false: none. */
bool box_find(const struct box *within, const char *type, struct box *found);

/* types: names of four letters, one behind the other, from the outermost in. */
bool box_find_path(const struct box *within, const char *types, struct box *found);

/* Exactly count bytes at offset. -ENODATA: they are not there; what the source said. */
int box_read_at(const struct mp4_source *source, uint64_t offset, void *data, size_t count);

/* The head of the box at offset; size includes it. -ENODATA: cut off. */
int box_read_head(const struct mp4_source *source, uint64_t offset, char type[4], uint64_t *size);

/* Reads the box at *at whole, when it is of that type and not beyond most, into memory, and moves *at behind it.
 * -EINVAL: another one. */
int box_take(const struct mp4_source *source, uint64_t *at, const char *type, size_t most, struct bytes *memory,
             struct box *box);

/* The sample entry out of a `trak` as a whole box, and the format that it tells. False: none of ours. */
bool box_find_entry(const struct box *track, struct box *entry, struct video_format *format);

#endif
