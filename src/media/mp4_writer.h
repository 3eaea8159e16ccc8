/* The state of a file being written, shared with recovery. Private to the mp4 files. */
#ifndef PASTCAM_MEDIA_MP4_WRITER_H
#define PASTCAM_MEDIA_MP4_WRITER_H

#include "mp4_movie.h"

struct mp4_writer {
	struct video_format format;
	struct mp4_sink sink;
	struct mp4_movie movie;
	int64_t begin_ns, first_ns;
	bool begun, broken;
	uint64_t written, whole_bytes; /* of the file */
	uint32_t sequence;

	struct bytes payload;  /* of the fragment under way, the pending frame's last */
	size_t payload_whole;  /* without the pending one's */
	size_t fragment_first; /* sample; of a stream always the first that is kept */
	size_t whole_frames;
	uint64_t fragment_ticks; /* media time at which it begins */
	bool has_pending;        /* a frame whose duration is not known yet */
	struct mp4_sample pending;
	uint64_t pending_ticks;
	struct bytes head;
};

#endif
