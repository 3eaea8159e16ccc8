#include "clip.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "export/manifest.h"

bool clip_read(struct clip *clip)
{
	int result = 1;
	while (!clip->has_packet && result != 0) {
		result = packet_ring_next(&clip->cursor, &clip->packet, &clip->format);
		clip->has_packet = result == 1; /* else a gap, which the frames' numbers tell too */
	}
	return clip->has_packet;
}

/* What players show about the file. */
static void describe(struct clip *clip, int64_t wall_ns)
{
	char when[40], moment[40];
	clock_format_local(wall_ns, "%Y-%m-%dT%H:%M:%S%z", when, sizeof when);
	clock_format_local(clip->trigger_wall_ns, "%Y-%m-%dT%H:%M:%S", moment, sizeof moment);
	snprintf(clip->date, sizeof clip->date, "%s", when);
	snprintf(clip->title, sizeof clip->title, "%s", clip->label);
	snprintf(clip->comment, sizeof clip->comment, "camera: %s; trigger: %s.%03d (%s); tier: video, %s%s",
	         clip->params->camera && clip->params->camera[0] ? clip->params->camera : "pastcam", moment,
	         clock_millisecond(clip->trigger_wall_ns), clip->reason, video_codec_text(clip->format->codec),
	         clock_is_synchronised() ? "" : "; clock not synchronised");
}

static int open_part(struct clip *clip, struct error *error)
{
	const struct recorder_params *params = clip->params;
	const struct frame_info *frame = &clip->packet.frame;
	bool first = clip->result.part_count == 0;
	int64_t begin_ns = first && clip->begin_ns > frame->timestamp_ns ? clip->begin_ns : frame->timestamp_ns;
	dev_t device = 0;
	if (params->gate) {
		int result = params->gate(params->gate_data, &device, error);
		if (result < 0)
			return result;
	}
	clip->part_format = *clip->format;
	clip->part_begin_ns = begin_ns;
	if (first)
		clip->first_ns = begin_ns;
	describe(clip, clock_wall_of(begin_ns));
	const struct clip_params file = {
		.base_dir = params->base_dir,
		.camera = params->camera,
		.device = device,
		.wall_ns = clock_wall_of(first ? clip->trigger_frame.timestamp_ns : frame->timestamp_ns),
		.seal = params->seal,
		.frame_id = first ? clip->trigger_frame.id : frame->id,
		.video = { .format = clip->part_format,
		           .created_wall_ns = clock_wall_of(begin_ns),
		           .begin_ns = begin_ns,
		           .title = clip->title,
		           .date = clip->date,
		           .comment = clip->comment,
		           .tool = "pastcam " PASTCAM_VERSION },
	};
	clip->writer = clip_writer_open(&file, error);
	return clip->writer ? 0 : error->code;
}

int clip_finish(struct clip *clip, int64_t end_ns, struct error *error)
{
	struct recorder_result *result = &clip->result;
	struct clip_result part;
	if (!clip->writer)
		return 0;
	int code = clip_writer_finish(clip->writer, end_ns, &part, error);
	clip->writer = NULL;
	if (code < 0)
		return code;
	if (result->part_count < RECORDER_PARTS_TOLD)
		snprintf(result->paths[result->part_count], sizeof result->paths[0], "%s", part.path);
	result->part_count++;
	result->frames += part.frames - min_size(part.frames, clip->lead_in);
	clip->lead_in = 0;
	result->bytes += part.bytes;
	code = clip->params->manifest ? manifest_saved(clip->params->manifest, part.path, error) : 0;
	int64_t shown_until_ns = end_ns > clip->last_ns ? end_ns : clip->last_ns + clip->last_interval_ns;
	result->duration_s += (double)(shown_until_ns - clip->part_begin_ns) / (double)CLOCK_NS_PER_S;
	return code;
}

/* Is the file under way to end before this packet? */
static bool is_new_part(const struct clip *clip)
{
	double seconds = (double)(clip->packet.frame.timestamp_ns - clip->part_begin_ns) / (double)CLOCK_NS_PER_S;
	return clip->packet.key &&
	       (seconds >= clip->params->max_s || !video_format_equal(&clip->part_format, clip->format));
}

static int fetch_bytes(struct clip *clip, struct error *error)
{
	size_t bytes = clip->packet.bytes;
	if (bytes > clip->buffer_bytes) {
		uint8_t *grown = realloc(clip->buffer, bytes * 2);
		if (!grown)
			return error_set(error, -ENOMEM, "no memory for a frame of %zu bytes", bytes);
		clip->buffer = grown;
		clip->buffer_bytes = bytes * 2;
	}
	packet_ring_copy(&clip->cursor, clip->buffer);
	clip->packet.data = clip->buffer;
	return 0;
}

static void note_written(struct clip *clip)
{
	const struct frame_info *frame = &clip->packet.frame;
	if (clip->last_id != 0) {
		clip->last_interval_ns = frame->timestamp_ns - clip->last_ns;
		if (frame->id > clip->last_id + 1 && !clip->packet.after_rest)
			clip->result.missing += frame->id - clip->last_id - 1;
	}
	clip->lead_in += frame->timestamp_ns < clip->part_begin_ns;
	clip->last_id = frame->id;
	clip->last_ns = frame->timestamp_ns;
}

/* The frames between the last one and the next came at one interval, as far as anybody knows. */
void clip_note_end(struct clip *clip, int64_t end_ns)
{
	const struct frame_info *next = &clip->packet.frame;
	if (clip->last_id == 0 || next->id <= clip->last_id + 1 || end_ns <= clip->last_ns || clip->packet.after_rest)
		return;
	const int64_t interval_ns = (next->timestamp_ns - clip->last_ns) / (int64_t)(next->id - clip->last_id);
	const uint64_t left_out = next->id - clip->last_id - 1;
	if (interval_ns > 0)
		clip->result.missing += min_u64((uint64_t)((end_ns - clip->last_ns) / interval_ns), left_out);
}

int clip_write(struct clip *clip, struct error *error)
{
	int result = 0;
	clip->has_packet = false;
	if (clip->writer && is_new_part(clip))
		result = clip_finish(clip, clip->packet.frame.timestamp_ns, error);
	if (result == 0 && !clip->writer && !clip->packet.key)
		return 0; /* cannot be decoded; frame numbers tell that it is missing */
	if (result == 0 && !clip->writer)
		result = open_part(clip, error);
	if (result == 0)
		result = fetch_bytes(clip, error);
	if (result == 0)
		result = clip_writer_add(clip->writer, &clip->packet, error);
	if (result == 0)
		note_written(clip);
	return result;
}
