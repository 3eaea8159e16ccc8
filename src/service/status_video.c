/* Video and clips. */
#include "service/status_groups.h"

struct snapshot {
	struct video_status video;
	struct packet_ring_status packets;
	struct recorder_status clips;
	const char *encoder, *when, *state;
	double past_s;
};

/* Where there is no video all is zero, and the encoder is "none". */
static void take(const void *data, void *to)
{
	const struct status_video_data *from = data;
	struct snapshot *snapshot = to;
	snapshot->encoder = "none";
	snapshot->when = "never";
	snapshot->state = "idle";
	if (!from->video)
		return;
	video_status(from->video, &snapshot->video);
	packet_ring_status(from->packets, &snapshot->packets);
	recorder_status(from->recorder, &snapshot->clips);
	snapshot->encoder = snapshot->video.encoder;
	snapshot->when = snapshot->video.when;
	snapshot->state = snapshot->clips.state;
	snapshot->past_s = (double)(snapshot->packets.newest_ns - snapshot->packets.oldest_ns) / 1e9;
}

#define ROW(path, form, member, kind, unit, help)                                                                      \
	{                                                                                                                  \
		path, form, offsetof(struct snapshot, member), kind, unit, help                                                \
	}
static const struct status_row rows[] = {
	ROW("video.encoder", STATUS_WORDS, encoder, STATUS_STATE, "",
	    "`v4l2`, `openh264`, `mjpeg`; `none`: there is no video, or not yet."),
	ROW("video.reason", STATUS_TEXT, video.why, STATUS_INFO, "", "Why it is that one."),
	ROW("video.when", STATUS_WORDS, when, STATUS_INFO, "", "`encoder.when`."),
	ROW("video.running", STATUS_BOOL, video.running, STATUS_STATE, "", "Frames are being encoded."),
	ROW("video.idle", STATUS_BOOL, video.idle, STATUS_STATE, "",
	    "Only `motion.idle_framerate` of them a second are, since nothing moves."),
	ROW("video.encoded", STATUS_UINT64, video.encoded, STATUS_COUNTER, "frames", "Frames encoded."),
	ROW("video.skipped", STATUS_UINT64, video.skipped, STATUS_COUNTER, "frames",
	    "Frames that were not, since encoding fell behind."),
	ROW("video.restarts", STATUS_UINT64, video.restarts, STATUS_COUNTER, "restarts",
	    "Times that an encoder failed and was opened anew, or another one."),
	ROW("video.behind_s", STATUS_DOUBLE, video.behind_s, STATUS_GAUGE, "s", "How far encoding is behind the camera."),
	ROW("video.cpu_ms", STATUS_DOUBLE, video.cpu_ms, STATUS_GAUGE, "ms",
	    "Processor time of the encoder's thread that a frame takes, on average."),
	ROW("video.packets", STATUS_SIZE, packets.packets, STATUS_GAUGE, "frames", "Frames in memory as video."),
	ROW("video.seconds", STATUS_DOUBLE, past_s, STATUS_GAUGE, "s", "From the oldest of them to the newest."),
	ROW("video.bytes", STATUS_SIZE, packets.bytes, STATUS_INFO, "bytes", "Memory that they may take."),
	ROW("video.used_bytes", STATUS_SIZE, packets.used_bytes, STATUS_GAUGE, "bytes", "What they take."),
	ROW("video.peak_bytes", STATUS_SIZE, packets.peak_bytes, STATUS_GAUGE, "bytes", "The most that it was."),
	ROW("video.dropped", STATUS_UINT64, packets.dropped, STATUS_COUNTER, "frames",
	    "Encoded frames for which there was no room."),
	ROW("video.readers", STATUS_SIZE, packets.cursors, STATUS_GAUGE, "readers", "Clips and streams that read it."),
	ROW("clips.state", STATUS_WORDS, state, STATUS_STATE, "",
	    "`idle`, `buffering`, `recording`, `finalizing` or `closing` (docs/clips.md)."),
	ROW("clips.under_way", STATUS_SIZE, clips.under_way, STATUS_GAUGE, "clips", "Clips that are not done yet."),
	ROW("clips.started", STATUS_UINT64, clips.started, STATUS_COUNTER, "clips", "Clips begun."),
	ROW("clips.extended", STATUS_UINT64, clips.extended, STATUS_COUNTER, "triggers",
	    "Triggers that made the one under way longer."),
	ROW("clips.finished", STATUS_UINT64, clips.finished, STATUS_COUNTER, "clips", "Clips that are whole on the disk."),
	ROW("clips.failed", STATUS_UINT64, clips.failed, STATUS_COUNTER, "clips", "Those that ended in an error."),
	ROW("clips.recovered", STATUS_UINT64, clips.recovered, STATUS_COUNTER, "clips",
	    "Those that an earlier process left and this one finished."),
	ROW("clips.missing_frames", STATUS_UINT64, clips.missing, STATUS_COUNTER, "frames",
	    "Frames that are missing in clips."),
	ROW("clips.last_path", STATUS_TEXT, clips.last_path, STATUS_INFO, "", "The last file."),
	ROW("clips.last_error", STATUS_TEXT, clips.last_error, STATUS_INFO, "", "Why the last one failed."),
	ROW("clips.last_error_age_s", STATUS_AGE, clips.last_error_ns, STATUS_GAUGE, "s", "Since then."),
};

const struct status_group status_video = STATUS_GROUP(rows, struct snapshot, take);
