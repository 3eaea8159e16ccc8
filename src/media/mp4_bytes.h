/* A buffer that grows, and MP4 boxes in it. Numbers are big-endian. Once memory was out, `failed` stays set and nothing
 * more is put in. Private to the mp4 files. */
#ifndef PASTCAM_MEDIA_MP4_BYTES_H
#define PASTCAM_MEDIA_MP4_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
	uint8_t *data;
	size_t count, room;
	bool failed;
};

void bytes_free(struct bytes *bytes);
/* count bytes more at the end, to be filled; NULL when memory is out. */
uint8_t *bytes_more(struct bytes *bytes, size_t count);
void bytes_put(struct bytes *bytes, const void *data, size_t count);
void bytes_zero(struct bytes *bytes, size_t count);
void bytes_8(struct bytes *bytes, unsigned value);
void bytes_16(struct bytes *bytes, unsigned value);
void bytes_32(struct bytes *bytes, uint32_t value);
void bytes_64(struct bytes *bytes, uint64_t value);

/* Begins a box; its size is filled in by box_end, which gets what this returned. */
size_t box_begin(struct bytes *bytes, const char type[4]);
size_t box_begin_full(struct bytes *bytes, const char type[4], unsigned version, uint32_t flags);
void box_end(struct bytes *bytes, size_t begin);

static inline uint32_t read_32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline uint64_t read_64(const uint8_t *at)
{
	return (uint64_t)read_32(at) << 32 | read_32(at + 4);
}

#endif
