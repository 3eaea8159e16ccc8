/*
 * Reading back what mp4_writer.c wrote, and nothing else: the boxes in its order, each checked against the file's size
 * before a byte of it is believed. Reading ends at the first fragment that is not whole.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mp4_boxes.h"
#include "mp4_writer.h"

enum {
	MOOV_BYTES_MAX = 64 * 1024,
	MOOF_BYTES_MAX = 4 * 1024 * 1024,
	TRUN_HEAD_BYTES = 20,
	TRUN_SAMPLE_BYTES = 12,
	ELST_HEAD_BYTES = 16, /* of version 1: up to its first entry's media time */
};

struct scan {
	const struct mp4_source *source;
	uint64_t at; /* in the file */
	struct bytes box;
	struct mp4_writer *writer;
};

static int take(struct scan *scan, const char *type, size_t most, struct box *box)
{
	return box_take(scan->source, &scan->at, type, most, &scan->box, box);
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
	struct box track, box;
	if (!box_find_path(moov, "mvhd", &box) || box.bytes < 12 || box.data[0] != 1)
		return -EINVAL;
	movie->created = read_64(box.data + 4);
	if (box_find_path(moov, "trakedtselst", &box)) {
		if (box.bytes < ELST_HEAD_BYTES + 8 || box.data[0] != 1)
			return -EINVAL;
		movie->edit_start = read_64(box.data + ELST_HEAD_BYTES);
	}
	if (box_find(moov, "udta", &box))
		copy_box(&movie->about, &box);
	if (!box_find(moov, "trak", &track) || !box_find_entry(&track, &box, &writer->format))
		return -EINVAL;
	bytes_put(&movie->entry, box.data, box.bytes);
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
	if (!box_find_path(&moof, "traftfdt", &time) || time.bytes < 12 || !box_find_path(&moof, "traftrun", &run) ||
	    read_64(time.data + 4) != writer->fragment_ticks)
		return -EINVAL;
	result = read_samples(scan, &run, &data_bytes);
	if (result == 0)
		result = box_read_head(scan->source, scan->at, type, &size);
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
	writer->fragment_first = writer->whole_frames = movie->sample_count;
	writer->whole_bytes = scan->at = fragment.end;
	return 0;
}

/* An index is there, whole, and the head says so. */
static bool is_finished(const struct scan *scan)
{
	char type[4];
	uint64_t size, index = scan->writer->movie.placeholder;
	if (box_read_head(scan->source, index, type, &size) < 0 || memcmp(type, "mdat", 4) != 0)
		return false;
	index += size;
	return box_read_head(scan->source, index, type, &size) == 0 && memcmp(type, "moov", 4) == 0;
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
