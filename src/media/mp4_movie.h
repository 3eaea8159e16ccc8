/* What a file is about, and the boxes that say so. Filled by a writer or read back from a file. Private to the mp4
 * files. */
#ifndef PASTCAM_MEDIA_MP4_MOVIE_H
#define PASTCAM_MEDIA_MP4_MOVIE_H

#include "media/mp4.h"
#include "mp4_bytes.h"

enum {
	MP4_TRACK = 1,
	MP4_PLACEHOLDER_BYTES = 16,     /* `free`, later the head of an `mdat` with a 64-bit size */
	MP4_SYNC_FLAGS = 0x02000000,    /* sample_depends_on 2: on no other */
	MP4_NOT_SYNC_FLAGS = 0x01010000 /* sample_depends_on 1, sample_is_non_sync_sample */
};

struct mp4_sample {
	uint32_t bytes;
	uint32_t duration; /* in 1/MP4_TIMESCALE s */
	bool key;
};

struct mp4_fragment {
	uint64_t offset;     /* of its samples' bytes */
	uint64_t end;        /* of the whole fragment */
	size_t first, count; /* samples */
};

struct mp4_movie {
	int width, height;
	uint64_t created;     /* seconds since 1904 */
	uint64_t edit_start;  /* media time at which the presentation begins */
	struct bytes entry;   /* the sample entry, a whole box */
	struct bytes about;   /* `udta`, a whole box, or nothing */
	uint64_t placeholder; /* where in the file; 0: none */
	struct mp4_sample *samples;
	size_t sample_count, sample_room;
	struct mp4_fragment *fragments;
	size_t fragment_count, fragment_room;
};

void mp4_movie_free(struct mp4_movie *movie);

/* Fills in what is about the movie as a whole. */
void mp4_movie_describe(struct mp4_movie *movie, const struct mp4_params *params);

/* One more; false when memory is out. */
bool mp4_movie_add_sample(struct mp4_movie *movie, const struct mp4_sample *sample);
bool mp4_movie_add_fragment(struct mp4_movie *movie, const struct mp4_fragment *fragment);

/* `moov`: for a fragmented file (indexed false), or with the tables of all its samples. */
void mp4_movie_box(const struct mp4_movie *movie, bool indexed, struct bytes *out);

/* In mp4_entry.c: the sample entry and `udta` out of what params say; and the format out of a sample entry (false: none
 * of ours). */
void mp4_entry_box(const struct video_format *format, struct bytes *out);
void mp4_about_box(const struct mp4_params *params, struct bytes *out);
bool mp4_entry_read(const uint8_t *entry, size_t bytes, struct video_format *format);

/* 1904 to 1970 */
#define MP4_EPOCH UINT64_C(2082844800)

#endif
