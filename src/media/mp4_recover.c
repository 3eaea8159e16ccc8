/*
 * Reading back what mp4_writer.c wrote, and nothing else: the boxes in its order, each checked against the file's size
 * before a byte of it is believed. Reading ends at the first fragment that is not whole.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mp4_writer.h"

enum {
	BOX_HEAD_BYTES = 8,
	LARGE_HEAD_BYTES = 16,
	MOOV_BYTES_MAX = 64 * 1024,
	MOOF_BYTES_MAX = 4 * 1024 * 1024,
	TRUN_HEAD_BYTES = 20,
	TRUN_SAMPLE_BYTES = 12,
	STSD_HEAD_BYTES = 16,
	ELST_HEAD_BYTES = 16,
};

struct box {
	const uint8_t *data; /* behind its head */
	size_t bytes;
};

struct scan {
	const struct mp4_source *source;
	uint64_t at; /* in the file */
	struct bytes box;
	struct mp4_writer *writer;
};

/* The box of that type among the ones in `within`; false: none. */
static bool find(const struct box *within, const char *type, struct box *found)
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

/* types: names of four letters, one behind the other, from the outermost in. */
static bool find_path(const struct box *within, const char *types, struct box *found)
{
	*found = *within;
	for (; *types; types += 4)
		if (!find(found, types, found))
			return false;
	return true;
}

static int read_at(const struct scan *scan, uint64_t offset, void *data, size_t count)
{
	if (offset > scan->source->bytes || count > scan->source->bytes - offset)
		return -ENODATA;
	return scan->source->read(scan->source->data, offset, data, count);
}

/* The head of the box at offset; size includes it. -ENODATA: cut off. */
static int read_head(const struct scan *scan, uint64_t offset, char type[4], uint64_t *size)
{
	uint8_t head[LARGE_HEAD_BYTES];
	int result = read_at(scan, offset, head, BOX_HEAD_BYTES);
	if (result < 0)
		return result;
	memcpy(type, head + 4, 4);
	*size = read_32(head);
	if (*size == 1) {
		result = read_at(scan, offset, head, LARGE_HEAD_BYTES);
		*size = result == 0 ? read_64(head + BOX_HEAD_BYTES) : 0;
	}
	if (result == 0 && (*size < BOX_HEAD_BYTES || *size > scan->source->bytes - offset))
		result = -ENODATA;
	return result;
}

/* Reads the box at `at` whole when it is of that type and not beyond most, and moves on. */
static int take(struct scan *scan, const char *type, size_t most, struct box *box)
{
	char found[4];
	uint64_t size;
	int result = read_head(scan, scan->at, found, &size);
	if (result < 0)
		return result;
	if (memcmp(found, type, 4) != 0 || size > most)
		return -EINVAL;
	scan->box.count = 0;
	uint8_t *data = bytes_more(&scan->box, (size_t)size);
	if (!data)
		return -ENOMEM;
	result = read_at(scan, scan->at, data, (size_t)size);
	scan->at += size;
	*box = (struct box){ data + BOX_HEAD_BYTES, (size_t)size - BOX_HEAD_BYTES };
	return result;
}

/* The whole box that found is the inside of. */
static void copy_box(struct bytes *out, const struct box *found)
{
	bytes_put(out, found->data - BOX_HEAD_BYTES, found->bytes + BOX_HEAD_BYTES);
}

static int read_movie(struct scan *scan, const struct box *moov)
{
	struct mp4_writer *writer = scan->writer;
	struct mp4_movie *movie = &writer->movie;
	struct box box;
	if (!find_path(moov, "mvhd", &box) || box.bytes < 12 || box.data[0] != 1)
		return -EINVAL;
	movie->created = read_64(box.data + 4);
	if (find_path(moov, "trakedtselst", &box)) {
		if (box.bytes < ELST_HEAD_BYTES + 8 || box.data[0] != 1)
			return -EINVAL;
		movie->edit_start = read_64(box.data + ELST_HEAD_BYTES);
	}
	if (find(moov, "udta", &box))
		copy_box(&movie->about, &box);
	if (!find_path(moov, "trakmdiaminfstblstsd", &box) || box.bytes <= STSD_HEAD_BYTES)
		return -EINVAL;
	const uint8_t *entry = box.data + 8;
	size_t bytes = box.bytes - 8;
	if (read_32(entry) != bytes || !mp4_entry_read(entry, bytes, &writer->format))
		return -EINVAL;
	bytes_put(&movie->entry, entry, bytes);
	movie->width = writer->format.width;
	movie->height = writer->format.height;
	return movie->entry.failed || movie->about.failed ? -ENOMEM : 0;
}

static int read_samples(struct scan *scan, const struct box *run, uint64_t *data_bytes)
{
	struct mp4_movie *movie = &scan->writer->movie;
	if (run->bytes < TRUN_HEAD_BYTES - BOX_HEAD_BYTES)
		return -EINVAL;
	size_t count = read_32(run->data + 4), left = run->bytes - (TRUN_HEAD_BYTES - BOX_HEAD_BYTES);
	if (count == 0 || left % TRUN_SAMPLE_BYTES != 0 || left / TRUN_SAMPLE_BYTES != count)
		return -EINVAL;
	*data_bytes = 0;
	const uint8_t *at = run->data + (TRUN_HEAD_BYTES - BOX_HEAD_BYTES);
	for (; count > 0; count--, at += TRUN_SAMPLE_BYTES) {
		struct mp4_sample sample = { .duration = read_32(at),
			                         .bytes = read_32(at + 4),
			                         .key = read_32(at + 8) == MP4_SYNC_FLAGS };
		*data_bytes += sample.bytes;
		if (!mp4_movie_add_sample(movie, &sample))
			return -ENOMEM;
	}
	return 0;
}

/* `moof` and `mdat`; 0 when both are whole. */
static int read_fragment(struct scan *scan)
{
	struct mp4_writer *writer = scan->writer;
	struct mp4_movie *movie = &writer->movie;
	struct box moof, run, time;
	char type[4];
	uint64_t size, data_bytes = 0;
	int result = take(scan, "moof", MOOF_BYTES_MAX, &moof);
	if (result < 0)
		return result;
	if (!find_path(&moof, "traftfdt", &time) || time.bytes < 12 || !find_path(&moof, "traftrun", &run) ||
	    read_64(time.data + 4) != writer->fragment_ticks)
		return -EINVAL;
	result = read_samples(scan, &run, &data_bytes);
	if (result == 0)
		result = read_head(scan, scan->at, type, &size);
	if (result == 0 && (memcmp(type, "mdat", 4) != 0 || size != data_bytes + BOX_HEAD_BYTES))
		result = -EINVAL;
	const struct mp4_fragment fragment = { .offset = scan->at + BOX_HEAD_BYTES,
		                                   .end = scan->at + BOX_HEAD_BYTES + data_bytes,
		                                   .first = writer->fragment_first,
		                                   .count = movie->sample_count - writer->fragment_first };
	if (result == 0 && !mp4_movie_add_fragment(movie, &fragment))
		result = -ENOMEM;
	if (result < 0)
		return result;
	for (size_t i = fragment.first; i < movie->sample_count; i++)
		writer->fragment_ticks += movie->samples[i].duration;
	writer->fragment_first = movie->sample_count;
	writer->whole_bytes = scan->at = fragment.end;
	return 0;
}

/* An index is there, whole, and the head says so. */
static bool is_finished(const struct scan *scan)
{
	char type[4];
	uint64_t size, index = scan->writer->movie.placeholder;
	if (read_head(scan, index, type, &size) < 0 || memcmp(type, "mdat", 4) != 0)
		return false;
	index += size;
	return read_head(scan, index, type, &size) == 0 && memcmp(type, "moov", 4) == 0;
}

static int scan_file(struct scan *scan)
{
	struct mp4_writer *writer = scan->writer;
	struct box box;
	int result = take(scan, "ftyp", MOOV_BYTES_MAX, &box);
	if (result < 0)
		return result;
	writer->movie.placeholder = scan->at;
	scan->at += MP4_PLACEHOLDER_BYTES;
	result = take(scan, "moov", MOOV_BYTES_MAX, &box);
	if (result == 0)
		result = read_movie(scan, &box);
	while (result == 0)
		result = read_fragment(scan);
	/* Whatever ended it, what is before is whole. */
	writer->movie.sample_count = writer->fragment_first;
	return result == -ENODATA || result == -EINVAL ? 0 : result;
}

static void describe(const struct scan *scan, struct mp4_recovered *recovered)
{
	const struct mp4_writer *writer = scan->writer;
	uint64_t edit = writer->movie.edit_start, ticks = writer->fragment_ticks;
	int64_t since_1970 = (int64_t)(writer->movie.created - MP4_EPOCH);
	*recovered = (struct mp4_recovered){
		.finished = is_finished(scan),
		.whole_bytes = writer->whole_bytes,
		.frames = writer->fragment_first,
		.seconds = (double)(ticks > edit ? ticks - edit : 0) / MP4_TIMESCALE,
		.format = writer->format,
		.created_wall_ns = since_1970 < 0 || since_1970 > INT64_MAX / 1000000000 ? 0 : since_1970 * 1000000000,
	};
}

int mp4_recover(const struct mp4_source *source, const struct mp4_sink *sink, struct mp4_recovered *recovered,
                struct mp4_writer **writer, struct error *error)
{
	struct scan scan = { .source = source, .writer = calloc(1, sizeof *scan.writer) };
	*writer = NULL;
	if (!scan.writer)
		return error_set(error, -ENOMEM, "no memory to look at an unfinished video");
	int result = scan_file(&scan);
	bytes_free(&scan.box);
	if (result == 0 && scan.writer->movie.fragment_count == 0)
		result = -EINVAL;
	if (result < 0) {
		mp4_destroy(scan.writer);
		return result == -EINVAL || result == -ENODATA
		           ? error_set(error, -EINVAL, "not a video of pastcam, or nothing of it is whole")
		           : error_set_errno(error, result, "cannot look at an unfinished video");
	}
	describe(&scan, recovered);
	scan.writer->begun = scan.writer->broken = true;
	scan.writer->written = scan.writer->whole_bytes;
	scan.writer->sink = *sink;
	*writer = scan.writer;
	return 0;
}
