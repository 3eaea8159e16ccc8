/* The camera, the ring and the night. */
#include <math.h>

#include "base/clock.h"
#include "service/status_groups.h"

struct snapshot {
	struct capture_status capture;
	struct frame_ring_status ring;
	const char *state, *capture_state, *night;
	double frame_interval_s;
	int ring_width, ring_height;
	uint64_t ring_bytes;
	double ring_seconds;
};

static void take_pace(struct snapshot *snapshot)
{
	const struct capture_status *capture = &snapshot->capture;
	bool paused = capture->pace_ns == INT64_MAX;
	snapshot->state = paused ? "paused" : camera_state_text(capture->camera.state);
	snapshot->capture_state = paused ? "paused" : capture->pace_ns ? "slowed" : "running";
	snapshot->frame_interval_s = paused ? NAN : (double)capture->pace_ns / (double)CLOCK_NS_PER_S;
}

static void take(const void *data, void *into)
{
	const struct status_capture_data *from = data;
	struct snapshot *snapshot = into;
	capture_status(from->capture, &snapshot->capture);
	frame_ring_status(from->ring, &snapshot->ring);
	frame_ring_frame_size(from->ring, &snapshot->ring_width, &snapshot->ring_height);
	const struct frame_ring_status *ring = &snapshot->ring;
	snapshot->ring_bytes = ring->slots * ring->slot_bytes;
	snapshot->ring_seconds = (double)(ring->newest_ns - ring->oldest_ns) / (double)CLOCK_NS_PER_S;
	take_pace(snapshot);
	snapshot->night = snapshot->capture.night.night ? "NIGHT" : "DAY";
}

#define ROW(path, form, member, kind, unit, help)                                                                      \
	{                                                                                                                  \
		path, form, offsetof(struct snapshot, member), kind, unit, help                                                \
	}
static const struct status_row rows[] = {
	ROW("camera.state", STATUS_WORDS, state, STATUS_STATE, "",
	    "`running`, `recovering`: frames stopped and the stream is restarted; `absent`: it is looked for; `paused`: "
	    "capture is."),
	ROW("camera.model", STATUS_TEXT, capture.camera.description.model, STATUS_INFO, "",
	    "The sensor, or the kind of camera."),
	ROW("camera.id", STATUS_TEXT, capture.camera.description.id, STATUS_INFO, "", "What `camera.id` chooses it by."),
	ROW("camera.format", STATUS_TEXT, capture.camera.description.format, STATUS_INFO, "",
	    "The layout of the pixels that it delivers."),
	ROW("camera.width", STATUS_INT, capture.camera.description.width, STATUS_INFO, "pixels",
	    "Width of what it delivers."),
	ROW("camera.height", STATUS_INT, capture.camera.description.height, STATUS_INFO, "pixels",
	    "Height of what it delivers."),
	ROW("camera.settings", STATUS_TEXT, capture.camera.description.settings, STATUS_INFO, "",
	    "Settings that it has taken: `awb daylight, ev 1`."),
	ROW("camera.settings_refused", STATUS_TEXT, capture.camera.description.refused, STATUS_INFO, "",
	    "Settings that it cannot do; empty: none."),
	ROW("camera.second", STATUS_TEXT, capture.camera.description.second, STATUS_INFO, "",
	    "The smaller picture that it makes of each frame (`camera.second.enable`); empty: none."),
	ROW("camera.second_refused", STATUS_TEXT, capture.camera.description.second_refused, STATUS_INFO, "",
	    "Why it makes none though it was asked to; empty: no such thing."),
	ROW("camera.trouble", STATUS_TEXT, capture.camera.trouble, STATUS_INFO, "",
	    "Why it is not running; empty when it is."),
	ROW("camera.frames", STATUS_UINT64, capture.camera.frames, STATUS_COUNTER, "frames",
	    "Frames that the camera delivered."),
	ROW("camera.lost", STATUS_UINT64, capture.camera.lost, STATUS_COUNTER, "frames",
	    "Frames missing in the camera's own count."),
	ROW("camera.rejected", STATUS_UINT64, capture.rejected, STATUS_COUNTER, "frames",
	    "Frames of a wrong size, not taken."),
	ROW("camera.skipped", STATUS_UINT64, capture.skipped, STATUS_COUNTER, "frames",
	    "Frames let go while capture is slowed or paused."),
	ROW("camera.dropped", STATUS_UINT64, capture.dropped, STATUS_COUNTER, "frames",
	    "Frames for which no slot of the ring was free."),
	ROW("camera.stalls", STATUS_UINT64, capture.camera.stalls, STATUS_COUNTER, "stalls",
	    "Silences longer than `camera.capture_timeout_s`."),
	ROW("camera.restarts", STATUS_UINT64, capture.camera.restarts, STATUS_COUNTER, "tries",
	    "Attempts to restart the stream."),
	ROW("camera.reopens", STATUS_UINT64, capture.camera.reopens, STATUS_COUNTER, "tries",
	    "Attempts to find and open the camera again."),
	ROW("camera.failures", STATUS_UINT64, capture.camera.failures, STATUS_COUNTER, "errors",
	    "Errors of the camera, failed attempts included."),
	ROW("camera.unreadable", STATUS_UINT64, capture.camera.unreadable, STATUS_COUNTER, "pictures",
	    "Pictures that came and could not be shown; each file counts once."),
	ROW("camera.unreadable_reason", STATUS_TEXT, capture.camera.unreadable_reason, STATUS_INFO, "",
	    "Which was the last of them, and why; empty: none."),
	ROW("camera.last_frame_age_s", STATUS_AGE, capture.camera.last_frame_ns, STATUS_GAUGE, "s",
	    "Since the camera delivered its last frame."),
	ROW("camera.ingest_mean_ms", STATUS_DOUBLE, capture.ingest_mean_ms, STATUS_GAUGE, "ms",
	    "What taking in a frame takes, on average since the start."),
	ROW("camera.late_p50_ms", STATUS_DOUBLE, capture.late_p50_ms, STATUS_GAUGE, "ms",
	    "From the end of an exposure until capture turns to the frame, in the last five to ten minutes: half of the "
	    "frames."),
	ROW("camera.late_p999_ms", STATUS_DOUBLE, capture.late_p999_ms, STATUS_GAUGE, "ms",
	    "The same: all but one frame in a thousand."),

	ROW("capture.state", STATUS_WORDS, capture_state, STATUS_STATE, "",
	    "`running`; `slowed` or `paused` when memory or the processor is short."),
	ROW("capture.idle", STATUS_BOOL, capture.idle, STATUS_STATE, "",
	    "Nothing stirs, so frames come at `camera.idle_framerate`."),
	ROW("capture.reason", STATUS_TEXT, capture.pace_why, STATUS_INFO, "",
	    "Why it is slowed or paused; empty when it is not."),
	ROW("capture.frame_interval_s", STATUS_DOUBLE, frame_interval_s, STATUS_GAUGE, "s",
	    "At most one frame is taken in this time; 0: all of them, null: none."),
	ROW("capture.paused_for_s", STATUS_AGE, capture.paused_since_ns, STATUS_GAUGE, "s",
	    "Since the pause began; null when there is none."),

	ROW("ring.slots", STATUS_SIZE, ring.slots, STATUS_INFO, "frames", "Frames that the ring holds when it is full."),
	ROW("ring.frames", STATUS_SIZE, ring.filled, STATUS_GAUGE, "frames", "Frames in it."),
	ROW("ring.pinned", STATUS_SIZE, ring.pinned, STATUS_GAUGE, "frames", "Frames held for exports."),
	ROW("ring.pin_limit", STATUS_SIZE, ring.pin_limit, STATUS_INFO, "frames",
	    "The most that may be held; the rest stays with the camera."),
	ROW("ring.width", STATUS_INT, ring_width, STATUS_INFO, "pixels", "Width of the frames in it."),
	ROW("ring.height", STATUS_INT, ring_height, STATUS_INFO, "pixels", "Height of the frames in it."),
	ROW("ring.seconds", STATUS_DOUBLE, ring_seconds, STATUS_GAUGE, "s", "From the oldest frame to the newest."),
	ROW("ring.oldest_age_s", STATUS_AGE, ring.oldest_ns, STATUS_GAUGE, "s", "Since the oldest frame."),
	ROW("ring.newest_age_s", STATUS_AGE, ring.newest_ns, STATUS_GAUGE, "s", "Since the newest frame."),
	ROW("ring.bytes", STATUS_UINT64, ring_bytes, STATUS_INFO, "bytes", "Memory of its frames."),
	ROW("ring.committed", STATUS_UINT64, ring.committed, STATUS_COUNTER, "frames", "Frames taken into it."),
	ROW("ring.newest_id", STATUS_UINT64, capture.newest.id, STATUS_COUNTER, "",
	    "Number of the newest frame; 0: none yet."),
	ROW("ring.dropped", STATUS_UINT64, capture.dropped, STATUS_COUNTER, "frames", "As `camera.dropped`."),

	ROW("night.enabled", STATUS_BOOL, capture.night.enabled, STATUS_STATE, "", "`night.enable`."),
	ROW("night.status", STATUS_WORDS, night, STATUS_STATE, "", "`NIGHT` or `DAY`."),
	ROW("night.settling", STATUS_BOOL, capture.newest.settling, STATUS_STATE, "",
	    "After a night, while automatic exposure settles: `save` waits, for a moment."),
	ROW("night.level", STATUS_DOUBLE, capture.night.level, STATUS_GAUGE, "",
	    "The light in the unit of the thresholds (docs/night.md), as it is judged."),
	ROW("night.light", STATUS_DOUBLE, capture.night.light, STATUS_GAUGE, "",
	    "The light of the newest frame, in the same unit."),
	ROW("night.mean", STATUS_DOUBLE, capture.newest.mean, STATUS_GAUGE, "",
	    "Mean of the newest frame's bytes, 0 to 255."),
	ROW("night.exposure_us", STATUS_DOUBLE, capture.newest.exposure_us, STATUS_GAUGE, "us",
	    "Exposure of the newest frame."),
	ROW("night.gain", STATUS_DOUBLE, capture.newest.gain, STATUS_GAUGE, "", "Gain of the newest frame."),
	ROW("night.rung", STATUS_INT, capture.night.rung, STATUS_GAUGE, "",
	    "Step of the night's exposure ladder; 0 is the longest exposure."),
	ROW("night.night_exposure_us", STATUS_INT64, capture.night.exposure_us, STATUS_GAUGE, "us",
	    "Exposure asked for at night."),
	ROW("night.switches", STATUS_UINT64, capture.night.switches, STATUS_COUNTER, "switches",
	    "Changes from day to night and back."),
	ROW("night.switches_today", STATUS_UINT64, capture.night.switches_today, STATUS_GAUGE, "switches",
	    "Those of the current local day."),
	ROW("night.last_switch_age_s", STATUS_AGE, capture.night.last_switch_ns, STATUS_GAUGE, "s",
	    "Since the last of them."),
	ROW("night.last_gap_ms", STATUS_DOUBLE, capture.night.last_gap_ms, STATUS_GAUGE, "ms",
	    "Time without frames at the last change of the exposure, beyond what the exposures take."),
	ROW("night.worst_gap_ms", STATUS_DOUBLE, capture.night.worst_gap_ms, STATUS_GAUGE, "ms",
	    "The longest of these gaps."),
};

const struct status_group status_capture = STATUS_GROUP(rows, struct snapshot, take);
