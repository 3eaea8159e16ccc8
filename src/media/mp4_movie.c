#include "mp4_movie.h"

#include <stdlib.h>

enum {
	FIRST_ROOM = 64,
	LANGUAGE_UNDETERMINED = 0x55c4, /* "und", five bits a letter */
	TRACK_ENABLED_IN_MOVIE = 3,
	DATA_IN_THIS_FILE = 1,
};

void mp4_movie_free(struct mp4_movie *movie)
{
	bytes_free(&movie->entry);
	bytes_free(&movie->about);
	free(movie->samples);
	free(movie->fragments);
	*movie = (struct mp4_movie){ 0 };
}

void mp4_movie_describe(struct mp4_movie *movie, const struct mp4_params *params)
{
	movie->width = params->format.width;
	movie->height = params->format.height;
	int64_t since_1970 = params->created_wall_ns / 1000000000;
	movie->created = MP4_EPOCH + (since_1970 > 0 ? (uint64_t)since_1970 : 0);
	mp4_entry_box(&params->format, &movie->entry);
	mp4_about_box(params, &movie->about);
}

/* Room for one more; the new place for items, NULL when memory is out (items stays). */
static void *grow(void *items, size_t count, size_t *room, size_t item_bytes)
{
	if (count < *room)
		return items;
	size_t more = *room ? *room * 2 : FIRST_ROOM;
	void *grown = realloc(items, more * item_bytes);
	if (grown)
		*room = more;
	return grown;
}

bool mp4_movie_add_sample(struct mp4_movie *movie, const struct mp4_sample *sample)
{
	void *grown = grow(movie->samples, movie->sample_count, &movie->sample_room, sizeof *sample);
	if (!grown)
		return false;
	movie->samples = grown;
	movie->samples[movie->sample_count++] = *sample;
	return true;
}

bool mp4_movie_add_fragment(struct mp4_movie *movie, const struct mp4_fragment *fragment)
{
	void *grown = grow(movie->fragments, movie->fragment_count, &movie->fragment_room, sizeof *fragment);
	if (!grown)
		return false;
	movie->fragments = grown;
	movie->fragments[movie->fragment_count++] = *fragment;
	return true;
}

static uint64_t media_duration(const struct mp4_movie *movie)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < movie->sample_count; i++)
		sum += movie->samples[i].duration;
	return sum;
}

static void put_matrix(struct bytes *out)
{
	static const uint32_t identity[9] = { 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30 };
	for (int i = 0; i < 9; i++)
		bytes_32(out, identity[i]);
}

static void put_movie_header(const struct mp4_movie *movie, uint64_t duration, struct bytes *out)
{
	size_t box = box_begin_full(out, "mvhd", 1, 0);
	bytes_64(out, movie->created);
	bytes_64(out, movie->created);
	bytes_32(out, MP4_TIMESCALE);
	bytes_64(out, duration);
	bytes_32(out, 1 << 16); /* rate */
	bytes_16(out, 1 << 8);  /* volume */
	bytes_zero(out, 10);
	put_matrix(out);
	bytes_zero(out, 24);
	bytes_32(out, MP4_TRACK + 1); /* next_track_ID */
	box_end(out, box);
}

static void put_track_header(const struct mp4_movie *movie, uint64_t duration, struct bytes *out)
{
	size_t box = box_begin_full(out, "tkhd", 1, TRACK_ENABLED_IN_MOVIE);
	bytes_64(out, movie->created);
	bytes_64(out, movie->created);
	bytes_32(out, MP4_TRACK);
	bytes_32(out, 0);
	bytes_64(out, duration);
	bytes_zero(out, 16);
	put_matrix(out);
	bytes_32(out, (uint32_t)movie->width << 16);
	bytes_32(out, (uint32_t)movie->height << 16);
	box_end(out, box);
}

static void put_edit(const struct mp4_movie *movie, uint64_t duration, struct bytes *out)
{
	if (movie->edit_start == 0)
		return;
	size_t edits = box_begin(out, "edts"), list = box_begin_full(out, "elst", 1, 0);
	bytes_32(out, 1);
	bytes_64(out, duration);
	bytes_64(out, movie->edit_start);
	bytes_32(out, 1 << 16); /* rate */
	box_end(out, list);
	box_end(out, edits);
}

static void put_media_header(const struct mp4_movie *movie, uint64_t duration, struct bytes *out)
{
	size_t box = box_begin_full(out, "mdhd", 1, 0);
	bytes_64(out, movie->created);
	bytes_64(out, movie->created);
	bytes_32(out, MP4_TIMESCALE);
	bytes_64(out, duration);
	bytes_16(out, LANGUAGE_UNDETERMINED);
	bytes_16(out, 0);
	box_end(out, box);
	box = box_begin_full(out, "hdlr", 0, 0);
	bytes_32(out, 0);
	bytes_put(out, "vide", 4);
	bytes_zero(out, 12);
	bytes_put(out, "camera", sizeof "camera");
	box_end(out, box);
}

/* Where the samples are: this file. */
static void put_place(struct bytes *out)
{
	size_t box = box_begin_full(out, "vmhd", 0, 1);
	bytes_zero(out, 8);
	box_end(out, box);
	size_t info = box_begin(out, "dinf"), list = box_begin_full(out, "dref", 0, 0);
	bytes_32(out, 1);
	box = box_begin_full(out, "url ", 0, DATA_IN_THIS_FILE);
	box_end(out, box);
	box_end(out, list);
	box_end(out, info);
}

/* Runs of equal durations. */
static void put_durations(const struct mp4_movie *movie, size_t count, struct bytes *out)
{
	size_t box = box_begin_full(out, "stts", 0, 0), at = out->count;
	uint32_t runs = 0;
	bytes_32(out, 0);
	for (size_t i = 0, next; i < count; i = next) {
		uint32_t duration = movie->samples[i].duration;
		for (next = i + 1; next < count && movie->samples[next].duration == duration;)
			next++;
		bytes_32(out, (uint32_t)(next - i));
		bytes_32(out, duration);
		runs++;
	}
	if (!out->failed)
		for (int i = 0; i < 4; i++)
			out->data[at + (size_t)i] = (uint8_t)(runs >> (24 - 8 * i));
	box_end(out, box);
}

static void put_key_frames(const struct mp4_movie *movie, size_t count, struct bytes *out)
{
	uint32_t keys = 0;
	for (size_t i = 0; i < count; i++)
		keys += movie->samples[i].key;
	if (keys == count)
		return; /* without the table all are */
	size_t box = box_begin_full(out, "stss", 0, 0);
	bytes_32(out, keys);
	for (size_t i = 0; i < count; i++)
		if (movie->samples[i].key)
			bytes_32(out, (uint32_t)i + 1);
	box_end(out, box);
}

/* A fragment is a chunk. */
static void put_chunks(const struct mp4_movie *movie, size_t fragments, struct bytes *out)
{
	size_t box = box_begin_full(out, "stsc", 0, 0);
	bytes_32(out, (uint32_t)fragments);
	for (size_t i = 0; i < fragments; i++) {
		bytes_32(out, (uint32_t)i + 1);
		bytes_32(out, (uint32_t)movie->fragments[i].count);
		bytes_32(out, 1);
	}
	box_end(out, box);
	box = box_begin_full(out, "co64", 0, 0);
	bytes_32(out, (uint32_t)fragments);
	for (size_t i = 0; i < fragments; i++)
		bytes_64(out, movie->fragments[i].offset);
	box_end(out, box);
}

static void put_samples(const struct mp4_movie *movie, bool indexed, struct bytes *out)
{
	size_t count = indexed ? movie->sample_count : 0;
	size_t table = box_begin(out, "stbl"), box = box_begin_full(out, "stsd", 0, 0);
	bytes_32(out, 1);
	bytes_put(out, movie->entry.data, movie->entry.count);
	box_end(out, box);
	put_durations(movie, count, out);
	if (indexed)
		put_key_frames(movie, count, out);
	put_chunks(movie, indexed ? movie->fragment_count : 0, out);
	box = box_begin_full(out, "stsz", 0, 0);
	bytes_32(out, 0);
	bytes_32(out, (uint32_t)count);
	for (size_t i = 0; i < count; i++)
		bytes_32(out, movie->samples[i].bytes);
	box_end(out, box);
	box_end(out, table);
}

static void put_fragments_follow(struct bytes *out)
{
	size_t extends = box_begin(out, "mvex"), box = box_begin_full(out, "trex", 0, 0);
	bytes_32(out, MP4_TRACK);
	bytes_32(out, 1); /* default_sample_description_index */
	bytes_zero(out, 12);
	box_end(out, box);
	box_end(out, extends);
}

void mp4_movie_box(const struct mp4_movie *movie, bool indexed, struct bytes *out)
{
	uint64_t whole = indexed ? media_duration(movie) : 0;
	uint64_t presented = whole > movie->edit_start ? whole - movie->edit_start : 0;
	size_t movie_box = box_begin(out, "moov");
	put_movie_header(movie, presented, out);
	size_t track = box_begin(out, "trak");
	put_track_header(movie, presented, out);
	put_edit(movie, presented, out);
	size_t media = box_begin(out, "mdia");
	put_media_header(movie, whole, out);
	size_t information = box_begin(out, "minf");
	put_place(out);
	put_samples(movie, indexed, out);
	box_end(out, information);
	box_end(out, media);
	box_end(out, track);
	if (!indexed)
		put_fragments_follow(out);
	bytes_put(out, movie->about.data, movie->about.count);
	box_end(out, movie_box);
}
