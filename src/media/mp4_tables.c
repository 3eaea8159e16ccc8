#include "mp4_tables.h"

#include <errno.h>
#include <string.h>

enum { TABLE_HEAD_BYTES = 8, SIZES_HEAD_BYTES = 12 };

/* A table of equal rows of 32-bit numbers. */
struct table {
	const uint8_t *rows;
	size_t count, row_bytes;
};

/* False: it is not there, or larger than its box. */
static bool find_table(const struct box *tables, const char *type, size_t row_bytes, struct table *table)
{
	struct box box;
	if (!box_find(tables, type, &box) || box.bytes < TABLE_HEAD_BYTES)
		return false;
	*table = (struct table){ box.data + TABLE_HEAD_BYTES, read_32(box.data + 4), row_bytes };
	return table->count <= (box.bytes - TABLE_HEAD_BYTES) / row_bytes;
}

static uint32_t cell(const struct table *table, size_t row, size_t column)
{
	return read_32(table->rows + row * table->row_bytes + column * 4);
}

/* `stsz`; pictures of a video that are all of one size are none. */
static int read_sizes(const struct box *tables, struct mp4_movie *movie)
{
	struct box box;
	if (!box_find(tables, "stsz", &box) || box.bytes < SIZES_HEAD_BYTES || read_32(box.data + 4) != 0)
		return -EINVAL;
	const size_t count = read_32(box.data + 8);
	if (count > (box.bytes - SIZES_HEAD_BYTES) / 4)
		return -EINVAL;
	for (size_t i = 0; i < count; i++) {
		const struct mp4_sample sample = { .bytes = read_32(box.data + SIZES_HEAD_BYTES + i * 4) };
		if (!mp4_movie_add_sample(movie, &sample))
			return -ENOMEM;
	}
	return 0;
}

/* `stts`: runs of equal durations. */
static bool read_durations(const struct box *tables, struct mp4_movie *movie)
{
	struct table runs;
	size_t sample = 0;
	if (!find_table(tables, "stts", 8, &runs))
		return false;
	for (size_t i = 0; i < runs.count; i++)
		for (uint32_t left = cell(&runs, i, 0); left > 0 && sample < movie->sample_count; left--)
			movie->samples[sample++].duration = cell(&runs, i, 1);
	return sample == movie->sample_count;
}

/* `stss`; without it each is a key frame. */
static bool read_keys(const struct box *tables, struct mp4_movie *movie)
{
	struct table keys;
	struct box box;
	const bool all = !box_find(tables, "stss", &box);
	if (!all && !find_table(tables, "stss", 4, &keys))
		return false;
	for (size_t i = 0; all && i < movie->sample_count; i++)
		movie->samples[i].key = true;
	for (size_t i = 0; !all && i < keys.count; i++)
		if (cell(&keys, i, 0) > 0 && cell(&keys, i, 0) <= movie->sample_count)
			movie->samples[cell(&keys, i, 0) - 1].key = true;
	return true;
}

/* `stco` or `co64`. False: there is neither. */
static bool find_offsets(const struct box *tables, struct table *offsets)
{
	return find_table(tables, "stco", 4, offsets) || find_table(tables, "co64", 8, offsets);
}

static uint64_t offset_of(const struct table *offsets, size_t chunk)
{
	return offsets->row_bytes == 4 ? cell(offsets, chunk, 0) : read_64(offsets->rows + chunk * 8);
}

/* `stsc`: from which chunk on there are how many samples in each. */
static int read_chunks(const struct box *tables, struct mp4_movie *movie)
{
	struct table counts, offsets;
	if (!find_table(tables, "stsc", 12, &counts) || !find_offsets(tables, &offsets) || counts.count == 0)
		return -EINVAL;
	size_t run = 0, first = 0;
	for (size_t chunk = 0; chunk < offsets.count && first < movie->sample_count; chunk++) {
		if (run + 1 < counts.count && cell(&counts, run + 1, 0) == chunk + 1)
			run++;
		struct mp4_fragment fragment = { .offset = offset_of(&offsets, chunk), .first = first };
		fragment.count = cell(&counts, run, 1);
		if (fragment.count == 0 || fragment.count > movie->sample_count - first)
			return -EINVAL;
		if (!mp4_movie_add_fragment(movie, &fragment))
			return -ENOMEM;
		first += fragment.count;
	}
	return first == movie->sample_count ? 0 : -EINVAL;
}

/* The first edit that shows something; what comes before it is not shown. */
static void read_edit(const struct box *track, struct mp4_movie *movie)
{
	struct box box;
	if (!box_find_path(track, "edtselst", &box) || box.bytes < TABLE_HEAD_BYTES)
		return;
	const bool large = box.data[0] == 1;
	const size_t row_bytes = large ? 20 : 12, time_at = TABLE_HEAD_BYTES + (large ? 8 : 4);
	for (size_t at = 0; at + row_bytes <= box.bytes - TABLE_HEAD_BYTES; at += row_bytes) {
		const uint8_t *time = box.data + time_at + at;
		const int64_t begin = large ? (int64_t)read_64(time) : (int32_t)read_32(time);
		if (begin < 0)
			continue;
		movie->edit_start = (uint64_t)begin;
		return;
	}
}

static int read_samples(const struct box *track, struct mp4_movie *movie, uint32_t *timescale)
{
	struct box tables, header;
	if (!box_find_path(track, "mdiamdhd", &header) || header.bytes < 24 ||
	    !box_find_path(track, "mdiaminfstbl", &tables))
		return -EINVAL;
	*timescale = read_32(header.data + (header.data[0] == 1 ? 20 : 12));
	int result = read_sizes(&tables, movie);
	if (result == 0 && movie->sample_count == 0)
		return 0;
	if (result == 0 && (*timescale == 0 || !read_durations(&tables, movie) || !read_keys(&tables, movie)))
		result = -EINVAL;
	return result == 0 ? read_chunks(&tables, movie) : result;
}

/* The first one with a video that can be read. */
static bool find_track(const struct box *moov, struct box *track, struct video_format *format)
{
	struct box rest = *moov, entry;
	while (box_find(&rest, "trak", track)) {
		if (box_find_entry(track, &entry, format))
			return true;
		rest.data = track->data + track->bytes;
		rest.bytes = (size_t)(moov->data + moov->bytes - rest.data);
	}
	return false;
}

int mp4_tables_read(const struct box *moov, struct mp4_movie *movie, struct video_format *format, uint32_t *timescale,
                    struct error *error)
{
	struct box track, box;
	if (!find_track(moov, &track, format))
		return error_set(error, -EINVAL, "there is no video in it that can be read here: H.264 or JPEG pictures");
	if (box_find_path(&track, "mdiaminfstblctts", &box))
		return error_set(error, -EINVAL, "its H.264 has B frames: convert it without (ffmpeg -i IN -bf 0 OUT.mp4)");
	int result = read_samples(&track, movie, timescale);
	if (result == -ENOMEM)
		return error_set(error, result, "no memory to read a video");
	if (result < 0)
		return error_set(error, result, "its index is damaged");
	read_edit(&track, movie);
	if (movie->sample_count > 0)
		return 0;
	return box_find(moov, "mvex", &box) ? -ENODATA : error_set(error, -EINVAL, "there is no picture in it");
}
