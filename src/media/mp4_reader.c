/*
 * Out of a plain MP4's sample tables (ISO/IEC 14496-12, 8.6 and 8.7), or the fragments of a file that has none yet, the
 * same list that the writer keeps: samples, and chunks of them that lie together.
 */
#include "media/mp4_reader.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mp4_boxes.h"
#include "mp4_tables.h"
#include "mp4_writer.h"

enum { PACKET_BYTES_MAX = 64 * 1024 * 1024, MOOV_BYTES_MAX = 64 * 1024 * 1024 };

static const double TIME_MOST_S = 1e9;

struct mp4_reader {
	struct mp4_source source;
	struct video_format format;
	struct mp4_movie movie;
	uint32_t timescale;
	size_t sample, chunk; /* next; the chunk that it is in */
	uint64_t offset;      /* of the next one */
	uint64_t ticks;       /* when it begins */
	struct bytes data;
};

static int write_nowhere(void *data, const void *bytes, size_t count)
{
	(void)data, (void)bytes, (void)count;
	return -EROFS;
}

/* A file that was left unfinished, by what is whole of it. */
static int read_fragments(struct mp4_reader *reader, struct error *error)
{
	const struct mp4_sink nowhere = { .write = write_nowhere };
	struct mp4_recovered recovered;
	struct mp4_writer *writer;
	int result = mp4_recover(&reader->source, &nowhere, &recovered, &writer, error);
	if (result < 0)
		return result;
	reader->format = writer->format;
	reader->movie = writer->movie;
	reader->timescale = MP4_TIMESCALE;
	writer->movie = (struct mp4_movie){ 0 };
	mp4_destroy(writer);
	return 0;
}

/* -ENODATA: there is no index. */
static int read_index(struct mp4_reader *reader, struct error *error)
{
	uint64_t at = 0, size;
	char type[4];
	struct bytes memory = { 0 };
	struct box moov;
	int result;
	while ((result = box_read_head(&reader->source, at, type, &size)) == 0 && memcmp(type, "moov", 4) != 0)
		at += size;
	if (result == 0)
		result = box_take(&reader->source, &at, "moov", MOOV_BYTES_MAX, &memory, &moov);
	if (result == 0)
		result = mp4_tables_read(&moov, &reader->movie, &reader->format, &reader->timescale, error);
	else if (result != -ENODATA)
		error_set_errno(error, result, "the file's index cannot be read");
	bytes_free(&memory);
	return result;
}

struct mp4_reader *mp4_reader_open(const struct mp4_source *source, struct error *error)
{
	struct mp4_reader *reader = calloc(1, sizeof *reader);
	if (!reader) {
		error_set(error, -ENOMEM, "no memory to read a video");
		return NULL;
	}
	reader->source = *source;
	int result = read_index(reader, error);
	if (result == -ENODATA)
		result = read_fragments(reader, error);
	if (result == 0) {
		reader->offset = reader->movie.fragments[0].offset;
		return reader;
	}
	mp4_reader_close(reader);
	return NULL;
}

void mp4_reader_close(struct mp4_reader *reader)
{
	if (!reader)
		return;
	mp4_movie_free(&reader->movie);
	bytes_free(&reader->data);
	free(reader);
}

const struct video_format *mp4_reader_format(const struct mp4_reader *reader)
{
	return &reader->format;
}

size_t mp4_reader_count(const struct mp4_reader *reader)
{
	return reader->movie.sample_count;
}

/* Since the beginning of the presentation; a damaged file may say anything. */
static int64_t time_ns(const struct mp4_reader *reader, uint64_t ticks)
{
	const double seconds = ((double)ticks - (double)reader->movie.edit_start) / reader->timescale;
	return llround(fmax(fmin(seconds, TIME_MOST_S), -TIME_MOST_S) * 1e9);
}

/* Behind the sample that was read. */
static void move_on(struct mp4_reader *reader, const struct mp4_sample *sample)
{
	const struct mp4_fragment *chunk = &reader->movie.fragments[reader->chunk];
	reader->ticks += sample->duration;
	reader->offset += sample->bytes;
	reader->sample++;
	if (reader->sample == chunk->first + chunk->count && reader->chunk + 1 < reader->movie.fragment_count)
		reader->offset = reader->movie.fragments[++reader->chunk].offset;
}

int mp4_reader_next(struct mp4_reader *reader, struct packet *packet, int64_t *until_ns, struct error *error)
{
	if (reader->sample == reader->movie.sample_count)
		return 0;
	const struct mp4_sample *sample = &reader->movie.samples[reader->sample];
	if (sample->bytes > PACKET_BYTES_MAX)
		return error_set(error, -EINVAL, "packet %zu has %u bytes", reader->sample + 1, sample->bytes);
	reader->data.count = 0;
	uint8_t *data = bytes_more(&reader->data, sample->bytes);
	if (!data)
		return error_set(error, -ENOMEM, "no memory to read a video");
	int result = box_read_at(&reader->source, reader->offset, data, sample->bytes);
	if (result == -ENODATA)
		return error_set(error, -EINVAL, "the file is cut off: packet %zu is not in it", reader->sample + 1);
	if (result < 0)
		return error_set_errno(error, result, "the file cannot be read");
	*packet = (struct packet){
		.data = data,
		.bytes = sample->bytes,
		.key = sample->key,
		.frame = { .id = reader->sample + 1, .timestamp_ns = time_ns(reader, reader->ticks) },
	};
	*until_ns = time_ns(reader, reader->ticks + sample->duration);
	move_on(reader, sample);
	return 1;
}
