/* One clip on its way to the disk: packets from a cursor into files. On the recorder's thread; logs nothing. Private to
 * the recorder. */
#ifndef PASTCAM_CAPTURE_CLIP_H
#define PASTCAM_CAPTURE_CLIP_H

#include "capture/recorder.h"
#include "export/clip_writer.h"

struct clip {
	const struct recorder_params *params;
	struct packet_cursor cursor;
	int64_t begin_ns; /* a */
	struct frame_info trigger_frame;
	int64_t trigger_wall_ns;
	char label[EVENT_LABEL_BYTES], reason[32];

	/* a packet that was read and not written yet */
	bool has_packet;
	struct packet packet;
	const struct video_format *format;

	struct clip_writer *writer; /* NULL: no file open */
	struct video_format part_format;
	int64_t part_begin_ns;
	size_t lead_in; /* frames before that, which the others need */
	char title[MP4_TEXT_BYTES], date[64], comment[MP4_TEXT_BYTES];
	uint8_t *buffer; /* a packet's bytes */
	size_t buffer_bytes;

	uint64_t last_id; /* written */
	int64_t last_ns, last_interval_ns;
	int64_t first_ns; /* presented */
	struct recorder_result result;
};

/* Reads on; true: clip->packet is the next one, which clip_write takes. */
bool clip_read(struct clip *clip);

/* Writes the packet that was read. 0, or -errno with the reason; then only clip_finish may follow. */
int clip_write(struct clip *clip, struct error *error);

/* The packet that was read is the first after end_ns: what should have come before it is missing. */
void clip_note_end(struct clip *clip, int64_t end_ns);

/* Finishes the file under way, whose last frame is shown until end_ns (0: as long as the one before). */
int clip_finish(struct clip *clip, int64_t end_ns, struct error *error);

#endif
