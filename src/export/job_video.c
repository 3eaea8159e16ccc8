#include "job_video.h"

#include <errno.h>
#include <stdlib.h>

#include "encode/decoder.h"

struct reading {
	struct decoder *decoder; /* NULL: not open yet */
	struct video_format format;
	uint8_t *bytes; /* of a packet */
	size_t room;
};

static int fetch(const struct job *job, struct reading *reading, struct packet *packet, struct error *error)
{
	if (packet->bytes > reading->room) {
		uint8_t *grown = realloc(reading->bytes, packet->bytes * 2);
		if (!grown)
			return error_set(error, -ENOMEM, "no memory to decode video");
		reading->bytes = grown;
		reading->room = packet->bytes * 2;
	}
	packet_ring_copy(&job->video, reading->bytes);
	packet->data = reading->bytes;
	return 0;
}

static int add_next(struct job *job, struct reading *reading, int64_t *timestamp_ns, struct error *error)
{
	struct packet packet;
	const struct video_format *format;
	if (packet_ring_next(&job->video, &packet, &format) != 1 ||
	    packet.frame.timestamp_ns > job->video_frame.timestamp_ns)
		return error_set(error, -ENODATA, "the video of that moment was just given up");
	if (!reading->decoder) {
		reading->format = *format;
		reading->decoder = decoder_open(format, error);
		if (!reading->decoder)
			return error->code;
	}
	int result = fetch(job, reading, &packet, error);
	*timestamp_ns = packet.frame.timestamp_ns;
	return result < 0 ? result : decoder_add(reading->decoder, &packet, error);
}

static int read_to_frame(struct job *job, struct reading *reading, struct error *error)
{
	int64_t timestamp_ns = INT64_MIN;
	int result = 0;
	while (result == 0 && timestamp_ns != job->video_frame.timestamp_ns)
		result = add_next(job, reading, &timestamp_ns, error);
	packet_ring_close(&job->video);
	return result;
}

int job_decode(struct job *job, size_t room, struct frame *frame, struct error *error)
{
	struct reading reading = { 0 };
	int result = read_to_frame(job, &reading, error);
	if (result == 0 && frame_bytes(reading.format.width, reading.format.height) > room)
		result = error_set(error, -EINVAL, "the video is larger than the frames: %dx%d", reading.format.width,
		                   reading.format.height);
	if (result == 0)
		result = decoder_picture(reading.decoder, frame->pixels, error);
	frame->width = reading.format.width;
	frame->height = reading.format.height;
	decoder_close(reading.decoder);
	free(reading.bytes);
	return result;
}
