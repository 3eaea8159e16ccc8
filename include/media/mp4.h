/*
 * MP4 files (ISO/IEC 14496-12) with one track of video, written as fragments: whatever is there of a file that was cut
 * off anywhere plays up to its last whole fragment. At the end an index (a plain `moov` with sample tables) is
 * appended, and the file's head is turned, by 16 bytes, into the start of one large `mdat` that holds all before it:
 * then it is an ordinary seekable MP4. A recovery does the same to a file that was left unfinished.
 *
 * Durations are those between the frames' timestamps, never an assumed rate. What is before the wanted beginning (a
 * video begins with a key frame) is left out of the presentation by an edit list.
 *
 * Pure: bytes go out and come in through the caller's functions. One thread at a time per writer.
 */
#ifndef PASTCAM_MEDIA_MP4_H
#define PASTCAM_MEDIA_MP4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "media/packet.h"

enum { MP4_TIMESCALE = 90000, MP4_TEXT_BYTES = 256 };

struct mp4_sink {
	/* Appends; 0 or -errno. */
	int (*write)(void *data, const void *bytes, size_t count);
	/* Replaces bytes that were written; NULL: a stream, which gets no index. */
	int (*rewrite)(void *data, uint64_t offset, const void *bytes, size_t count);
	/* All that was written is on the disk when it returns 0; NULL: nothing to do. Called before the file's head is
	 * changed, and after each fragment. */
	int (*sync)(void *data);
	void *data;
};

struct mp4_params {
	struct video_format format;
	int64_t created_wall_ns; /* nanoseconds since 1970 */
	int64_t begin_ns;        /* where the presentation begins, on the clock of the packets' timestamps; before the first
	                            packet: with it */
	const char *title, *date, *comment, *tool; /* UTF-8, cut at MP4_TEXT_BYTES; NULL or "": left out */
	struct mp4_sink sink;
};

struct mp4_writer;

/* Texts are copied. Writes nothing yet. NULL: no memory. */
struct mp4_writer *mp4_create(const struct mp4_params *params, struct error *error);
void mp4_destroy(struct mp4_writer *writer);

/* The next packet, the first of which is a key frame; copied. Writes a fragment when a good half second or
 * MP4_FRAGMENT_BYTES have come together; of a stream of H.264, also before each key frame. Timestamps must rise. 0, or what the sink said; -ENOMEM. After an error only
 * mp4_finish and mp4_destroy may follow. */
int mp4_add(struct mp4_writer *writer, const struct packet *packet);

/* Writes out what is held back: the last frame lasts until end_ns, or as long as the one before where that is no later
 * than its own time. Then, unless it is a stream, the index. After an mp4_add that failed: the index of the fragments
 * that are whole, the bytes behind which the caller has cut off (see mp4_whole_bytes). The index is on the disk then, and
 * the file's head is the caller's to sync. */
int mp4_finish(struct mp4_writer *writer, int64_t end_ns);

/* How many bytes of what was written are whole fragments; and how many frames are in these. */
uint64_t mp4_whole_bytes(const struct mp4_writer *writer);
size_t mp4_frames(const struct mp4_writer *writer);

/* Drops the last whole fragment from the index to come: room for the index on a full disk. False when there is no
 * other before it. */
bool mp4_drop_last_fragment(struct mp4_writer *writer);

/* The most memory that a writer takes for a video of so many frames, bytes, beside one packet. */
size_t mp4_scratch_bytes(size_t frames);
enum { MP4_FRAGMENT_BYTES = 1 << 20 };

/* --- recovery --- */

struct mp4_source {
	/* Reads exactly count bytes at offset; 0 or -errno. */
	int (*read)(void *data, uint64_t offset, void *bytes, size_t count);
	uint64_t bytes; /* in all */
	void *data;
};

struct mp4_recovered {
	bool finished;        /* the file has its index: nothing to do */
	uint64_t whole_bytes; /* cut it off here, then append the index */
	size_t frames;
	double seconds; /* presented */
	struct video_format format;
	int64_t created_wall_ns;
};

/* Reads what a writer wrote, as far as it is whole. *writer, when 0 was returned and it is not finished, is one to
 * which mp4_finish may be said once the file is cut (with the sink here, whose appends go behind whole_bytes). -EINVAL:
 * not a file of ours, or without a whole fragment; -ENOMEM; what read said. */
int mp4_recover(const struct mp4_source *source, const struct mp4_sink *sink, struct mp4_recovered *recovered,
                struct mp4_writer **writer, struct error *error);

#endif
