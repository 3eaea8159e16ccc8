#include "png_strips.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "media/frame.h"
#include "png_checksum.h"
#include "png_deflate.h"
#include "png_filter.h"

/* A strip is small enough for a core's cache, and large enough that its code tables (150 bytes) do not count. Strips go
 * through in waves: all of a wave side by side, then they are written. */
enum { PNG_STRIP_BYTES = 64 * 1024, PNG_WAVE_PER_CORE = 4, PNG_WAVE_MAX = 16, PNG_CHUNK_HEAD = 8, PNG_CHUNK_TAIL = 4 };

struct png_strip {
	uint8_t *filtered, *chunk; /* the chunk as a whole: length, type, data, checksum */
	size_t filtered_bytes, chunk_bytes;
	uint32_t adler;
};

struct png_layout {
	size_t row_bytes; /* of a filtered row */
	size_t rows;      /* of a strip; the last may have fewer */
	size_t strips, wave;
	size_t filtered_bytes, strip_bytes; /* memory: of the filtered rows, and with the chunk */
};

struct png_wave {
	const struct picture *picture;
	struct png_layout layout;
	size_t first; /* number of the wave's first strip */
	struct png_strip strip[PNG_WAVE_MAX];
};

const uint8_t png_zlib_head[2] = { 0x78, 0x01 };

static struct png_layout layout_of(int width, int height, size_t pool_width)
{
	struct png_layout layout = { .row_bytes = frame_bytes(width, 1) + 1 };
	size_t wave_max = pool_width < PNG_WAVE_MAX / PNG_WAVE_PER_CORE ? pool_width * PNG_WAVE_PER_CORE : PNG_WAVE_MAX;

	layout.rows = layout.row_bytes < PNG_STRIP_BYTES ? PNG_STRIP_BYTES / layout.row_bytes : 1;
	layout.strips = ((size_t)height + layout.rows - 1) / layout.rows;
	layout.wave = layout.strips < wave_max ? layout.strips : wave_max;
	layout.filtered_bytes = layout.rows * layout.row_bytes;
	layout.strip_bytes =
	    layout.filtered_bytes + PNG_CHUNK_HEAD + png_deflate_bound(layout.filtered_bytes) + PNG_CHUNK_TAIL;
	return layout;
}

size_t png_strips_scratch_bytes(int width, int height, size_t pool_width)
{
	struct png_layout layout = layout_of(width, height, pool_width);
	return layout.wave * layout.strip_bytes + sizeof(struct png_wave);
}

static void strip_filter(const struct png_wave *wave, struct png_strip *strip, size_t first_row)
{
	const size_t row_bytes = wave->layout.row_bytes;
	size_t rows = (size_t)wave->picture->height - first_row;

	if (rows > wave->layout.rows)
		rows = wave->layout.rows;
	for (size_t i = 0; i < rows; i++) {
		const uint8_t *row = wave->picture->rgb + (first_row + i) * (row_bytes - 1);
		const uint8_t *above = first_row + i > 0 ? row - (row_bytes - 1) : NULL;
		png_filter_row(row, above, row_bytes - 1, strip->filtered + i * row_bytes);
	}
	strip->filtered_bytes = rows * row_bytes;
}

/* The type counts into the checksum, the length does not (PNG specification, 5.3). */
static void strip_close_chunk(struct png_strip *strip, size_t data_bytes)
{
	uint32_t length = htobe32((uint32_t)data_bytes);

	memcpy(strip->chunk, &length, sizeof length);
	memcpy(strip->chunk + 4, "IDAT", 4);
	uint32_t checksum = htobe32(png_crc(strip->chunk + 4, 4 + data_bytes));
	memcpy(strip->chunk + PNG_CHUNK_HEAD + data_bytes, &checksum, sizeof checksum);
	strip->chunk_bytes = PNG_CHUNK_HEAD + data_bytes + PNG_CHUNK_TAIL;
}

static void strip_make(void *data, size_t index)
{
	struct png_wave *wave = data;
	struct png_strip *strip = &wave->strip[index];
	size_t number = wave->first + index;

	strip_filter(wave, strip, number * wave->layout.rows);
	strip->adler = png_adler(strip->filtered, strip->filtered_bytes);
	strip_close_chunk(strip, png_deflate(strip->filtered, strip->filtered_bytes, number + 1 == wave->layout.strips,
	                                     strip->chunk + PNG_CHUNK_HEAD));
}

static int wave_write(const struct png_wave *wave, size_t count, struct sink *sink, uint32_t *adler)
{
	int result = 0;

	for (size_t i = 0; i < count && result == 0; i++) {
		const struct png_strip *strip = &wave->strip[i];
		*adler = png_adler_combine(*adler, strip->adler, strip->filtered_bytes);
		result = sink_write(sink, strip->chunk, strip->chunk_bytes);
	}
	return result;
}

int png_strips_write(const struct picture *picture, struct pool *pool, struct sink *sink, uint32_t *adler)
{
	struct png_wave wave = { .picture = picture,
		                     .layout = layout_of(picture->width, picture->height, pool_width(pool)) };
	int result = 0;

	if (wave.layout.row_bytes > PNG_DEFLATE_BYTES_MAX)
		return -EINVAL;
	uint8_t *memory = malloc(wave.layout.wave * wave.layout.strip_bytes);
	if (memory == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < wave.layout.wave; i++) {
		wave.strip[i].filtered = memory + i * wave.layout.strip_bytes;
		wave.strip[i].chunk = wave.strip[i].filtered + wave.layout.filtered_bytes;
	}
	*adler = 1;
	for (; wave.first < wave.layout.strips && result == 0; wave.first += wave.layout.wave) {
		size_t left = wave.layout.strips - wave.first;
		size_t count = left < wave.layout.wave ? left : wave.layout.wave;
		pool_run(pool, count, strip_make, &wave);
		result = wave_write(&wave, count, sink, adler);
	}
	free(memory);
	return result;
}
