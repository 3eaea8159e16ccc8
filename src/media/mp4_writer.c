#include "mp4_writer.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	FRAGMENT_TICKS = MP4_TIMESCALE * 3 / 4, /* with one frame held back, a second at most is lost to a power cut */
	USUAL_TICKS = MP4_TIMESCALE / 10,       /* of a video of one frame */
	TRUN_FLAGS = 0x701,                     /* data offset; duration, size and flags of each sample */
	BASE_IS_MOOF = 0x020000,
	MDAT_HEAD_BYTES = 8,
};

struct mp4_writer *mp4_create(const struct mp4_params *params, struct error *error)
{
	struct mp4_writer *writer = calloc(1, sizeof *writer);
	if (writer) {
		writer->format = params->format;
		writer->sink = params->sink;
		writer->begin_ns = params->begin_ns;
		mp4_movie_describe(&writer->movie, params);
	}
	if (writer && !writer->movie.entry.failed && !writer->movie.about.failed)
		return writer;
	mp4_destroy(writer);
	error_set(error, -ENOMEM, "no memory to write a video");
	return NULL;
}

void mp4_destroy(struct mp4_writer *writer)
{
	if (!writer)
		return;
	mp4_movie_free(&writer->movie);
	bytes_free(&writer->payload);
	bytes_free(&writer->head);
	free(writer);
}

/* Nothing of what is not whole yet will be. */
static int fail(struct mp4_writer *writer, int code)
{
	writer->broken = true;
	writer->has_pending = false;
	writer->movie.sample_count = writer->fragment_first;
	return code;
}

static int put_out(struct mp4_writer *writer, const void *data, size_t count)
{
	int result = writer->sink.write(writer->sink.data, data, count);
	if (result == 0)
		writer->written += count;
	return result;
}

static int put_head_out(struct mp4_writer *writer)
{
	return writer->head.failed ? -ENOMEM : put_out(writer, writer->head.data, writer->head.count);
}

static int sync_out(const struct mp4_writer *writer)
{
	return writer->sink.sync ? writer->sink.sync(writer->sink.data) : 0;
}

static uint64_t ticks_of(const struct mp4_writer *writer, int64_t timestamp_ns)
{
	uint64_t since_ns = (uint64_t)(timestamp_ns - writer->first_ns);
	return since_ns / 1000000000 * MP4_TIMESCALE + (since_ns % 1000000000 * MP4_TIMESCALE + 500000000) / 1000000000;
}

/* `ftyp`, the placeholder, `moov`. */
static int begin(struct mp4_writer *writer, int64_t first_ns)
{
	struct bytes *head = &writer->head;
	writer->begun = true;
	writer->first_ns = first_ns;
	if (writer->begin_ns > first_ns)
		writer->movie.edit_start = ticks_of(writer, writer->begin_ns);
	size_t box = box_begin(head, "ftyp");
	bytes_put(head, "isom", 4);
	bytes_32(head, 512);
	bytes_put(head, writer->format.codec == VIDEO_H264 ? "isomiso5avc1mp41" : "isomiso5mp41mp42", 16);
	box_end(head, box);
	if (writer->sink.rewrite) {
		writer->movie.placeholder = head->count;
		box = box_begin(head, "free");
		bytes_zero(head, MP4_PLACEHOLDER_BYTES - 8);
		box_end(head, box);
	}
	mp4_movie_box(&writer->movie, false, head);
	int result = put_head_out(writer);
	return result < 0 ? fail(writer, result) : 0;
}

/* `moof`, and the head of `mdat`. */
static void describe_fragment(struct mp4_writer *writer)
{
	struct bytes *head = &writer->head;
	const struct mp4_movie *movie = &writer->movie;
	head->count = 0;
	size_t moof = box_begin(head, "moof"), box = box_begin_full(head, "mfhd", 0, 0);
	bytes_32(head, ++writer->sequence);
	box_end(head, box);
	size_t track = box_begin(head, "traf");
	box = box_begin_full(head, "tfhd", 0, BASE_IS_MOOF);
	bytes_32(head, MP4_TRACK);
	box_end(head, box);
	box = box_begin_full(head, "tfdt", 1, 0);
	bytes_64(head, writer->fragment_ticks);
	box_end(head, box);
	box = box_begin_full(head, "trun", 0, TRUN_FLAGS);
	size_t count = movie->sample_count - writer->fragment_first;
	bytes_32(head, (uint32_t)count);
	bytes_32(head, (uint32_t)(head->count + 4 + count * 12 + MDAT_HEAD_BYTES)); /* from the beginning of `moof` */
	for (const struct mp4_sample *sample = movie->samples + writer->fragment_first; count > 0; count--, sample++) {
		bytes_32(head, sample->duration);
		bytes_32(head, sample->bytes);
		bytes_32(head, sample->key ? MP4_SYNC_FLAGS : MP4_NOT_SYNC_FLAGS);
	}
	box_end(head, box);
	box_end(head, track);
	box_end(head, moof);
	bytes_32(head, (uint32_t)(writer->payload_whole + MDAT_HEAD_BYTES));
	bytes_put(head, "mdat", 4);
}

static int write_fragment(struct mp4_writer *writer)
{
	struct mp4_movie *movie = &writer->movie;
	describe_fragment(writer);
	struct mp4_fragment fragment = { .offset = writer->written + writer->head.count,
		                             .end = writer->written + writer->head.count + writer->payload_whole,
		                             .first = writer->fragment_first,
		                             .count = movie->sample_count - writer->fragment_first };
	int result = put_head_out(writer);
	if (result == 0)
		result = put_out(writer, writer->payload.data, writer->payload_whole);
	if (result == 0)
		result = sync_out(writer);
	if (result == 0 && writer->sink.rewrite && !mp4_movie_add_fragment(movie, &fragment))
		result = -ENOMEM;
	if (result < 0)
		return fail(writer, result);
	writer->whole_bytes = writer->written;
	for (size_t i = fragment.first; i < movie->sample_count; i++)
		writer->fragment_ticks += movie->samples[i].duration;
	writer->whole_frames += fragment.count;
	if (!writer->sink.rewrite)
		movie->sample_count = 0;
	writer->fragment_first = movie->sample_count;
	writer->payload.count = writer->payload_whole = 0;
	return 0;
}

/* The pending frame lasts until then. */
static int settle_pending(struct mp4_writer *writer, uint64_t until_ticks)
{
	uint64_t duration = until_ticks - writer->pending_ticks;
	writer->pending.duration = duration < UINT32_MAX ? (uint32_t)duration : UINT32_MAX;
	writer->has_pending = false;
	writer->payload_whole = writer->payload.count;
	return mp4_movie_add_sample(&writer->movie, &writer->pending) ? 0 : fail(writer, -ENOMEM);
}

/* Of a stream a fragment begins with each key frame, so that it can be cut there. */
static bool is_fragment_due(const struct mp4_writer *writer, const struct packet *packet, uint64_t ticks)
{
	bool is_cut = packet->key && !writer->sink.rewrite && writer->format.codec == VIDEO_H264;
	return is_cut || ticks - writer->fragment_ticks >= FRAGMENT_TICKS || writer->payload.count >= MP4_FRAGMENT_BYTES;
}

int mp4_add(struct mp4_writer *writer, const struct packet *packet)
{
	assert(!writer->broken && (writer->begun || packet->key));
	int64_t timestamp_ns = packet->frame.timestamp_ns;
	int result = writer->begun ? 0 : begin(writer, timestamp_ns);
	if (result < 0)
		return result;
	uint64_t ticks = ticks_of(writer, timestamp_ns);
	if (writer->has_pending) {
		if (ticks <= writer->pending_ticks)
			ticks = writer->pending_ticks + 1;
		result = settle_pending(writer, ticks);
		if (result == 0 && is_fragment_due(writer, packet, ticks))
			result = write_fragment(writer);
	}
	if (result < 0)
		return result;
	bytes_put(&writer->payload, packet->data, packet->bytes);
	if (writer->payload.failed)
		return fail(writer, -ENOMEM);
	writer->pending = (struct mp4_sample){ .bytes = (uint32_t)packet->bytes, .key = packet->key };
	writer->pending_ticks = ticks;
	writer->has_pending = true;
	return 0;
}

static int finish_fragments(struct mp4_writer *writer, int64_t end_ns)
{
	const struct mp4_movie *movie = &writer->movie;
	if (!writer->has_pending)
		return 0;
	uint64_t usual = movie->sample_count > 0 ? movie->samples[movie->sample_count - 1].duration : USUAL_TICKS;
	uint64_t until = end_ns > writer->first_ns ? ticks_of(writer, end_ns) : 0;
	int result = settle_pending(writer, until > writer->pending_ticks ? until : writer->pending_ticks + usual);
	return result < 0 ? result : write_fragment(writer);
}

/* Appends the index, and when that is on the disk makes all between the placeholder and it one `mdat`. */
static int write_index(struct mp4_writer *writer)
{
	struct bytes *head = &writer->head;
	head->count = 0;
	mp4_movie_box(&writer->movie, true, head);
	int result = put_head_out(writer);
	if (result == 0)
		result = sync_out(writer);
	if (result < 0)
		return result;
	head->count = 0;
	bytes_32(head, 1);
	bytes_put(head, "mdat", 4);
	bytes_64(head, writer->whole_bytes - writer->movie.placeholder);
	return writer->sink.rewrite(writer->sink.data, writer->movie.placeholder, head->data, head->count);
}

int mp4_finish(struct mp4_writer *writer, int64_t end_ns)
{
	int result = finish_fragments(writer, end_ns);
	if (result < 0 || !writer->sink.rewrite)
		return result;
	if (writer->movie.fragment_count == 0)
		return -ENODATA;
	writer->written = writer->whole_bytes;
	result = write_index(writer);
	return result < 0 ? fail(writer, result) : 0;
}

uint64_t mp4_whole_bytes(const struct mp4_writer *writer)
{
	return writer->whole_bytes;
}

size_t mp4_frames(const struct mp4_writer *writer)
{
	return writer->whole_frames;
}

bool mp4_drop_last_fragment(struct mp4_writer *writer)
{
	struct mp4_movie *movie = &writer->movie;
	if (movie->fragment_count < 2)
		return false;
	writer->fragment_first = movie->sample_count = movie->fragments[movie->fragment_count - 1].first;
	writer->whole_frames = writer->fragment_first;
	writer->whole_bytes = movie->fragments[--movie->fragment_count - 1].end;
	return true;
}

/* Samples and fragments in arrays that double, and the index, whose buffer doubles too. A fragment has some frames. */
size_t mp4_scratch_bytes(size_t frames)
{
	enum { BYTES_A_FRAME = 36, BESIDE = 8192 };
	return 2 * frames * BYTES_A_FRAME + 2 * MP4_FRAGMENT_BYTES + BESIDE;
}
