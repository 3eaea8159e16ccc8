#include "capture/night_watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "media/luma.h"

/* A camera does what it is asked within so many frames, as the night controller has it. */
enum { SETTLE_FRAMES = 8 };

void night_watch_init(struct night_watch *watch, const struct night_params *params, struct camera *camera,
                      struct event_log *events, double framerate)
{
	*watch = (struct night_watch){ .camera = camera, .events = events, .framerate = framerate };
	night_init(&watch->night, params);
}

void night_watch_camera(struct night_watch *watch, const struct camera_description *camera)
{
	night_set_limits(&watch->night, camera->exposure_min_us, camera->exposure_max_us);
}

static int64_t interval_of(const struct camera_mode *mode, double framerate)
{
	if (mode->framerate > 0)
		framerate = mode->framerate;
	int64_t interval_ns = (int64_t)((double)CLOCK_NS_PER_S / framerate);
	int64_t exposure_ns = mode->still ? mode->exposure_us * CLOCK_NS_PER_US : 0;
	return exposure_ns > interval_ns ? exposure_ns : interval_ns;
}

int64_t night_watch_interval_ns(const struct night_watch *watch)
{
	return interval_of(&watch->mode, watch->framerate);
}

/* The first frame after a change tells how long the camera took for it. */
static void measure_gap(struct night_watch *watch, int64_t timestamp_ns)
{
	int64_t interval_ns = night_watch_interval_ns(watch);
	if (watch->changed && watch->previous_ns != 0) {
		int64_t expected_ns = interval_ns > watch->previous_interval_ns ? interval_ns : watch->previous_interval_ns;
		int64_t gap_ns = timestamp_ns - watch->previous_ns - expected_ns;
		watch->last_gap_ms = gap_ns > 0 ? (double)gap_ns / CLOCK_NS_PER_MS : 0;
		if (watch->last_gap_ms > watch->worst_gap_ms)
			watch->worst_gap_ms = watch->last_gap_ms;
	}
	watch->changed = false;
	watch->previous_ns = timestamp_ns;
	watch->previous_interval_ns = interval_ns;
}

static void today(char day[16])
{
	clock_format_local(clock_wall_ns(), "%Y-%m-%d", day, 16);
}

static void count_switch(struct night_watch *watch, int64_t timestamp_ns)
{
	char day[sizeof watch->day];
	today(day);
	if (strcmp(day, watch->day) != 0) {
		memcpy(watch->day, day, sizeof day);
		watch->switches_today = 0;
	}
	watch->switches++;
	watch->switches_today++;
	watch->last_switch_ns = timestamp_ns;
}

static void set_mode(struct night_watch *watch, const struct camera_mode *mode)
{
	char note[256] = "";
	if (mode->still != watch->mode.still) {
		watch->frames_since_switch = 0;
		watch->asked_ns = clock_now_ns();
	}
	watch->mode = *mode;
	watch->changed = true;
	int result = camera_set_mode(watch->camera, mode, note);
	if (result < 0)
		log_warning("The camera cannot change its exposure now (%s); it will when it runs again", strerror(-result));
	else if (note[0])
		log_info("Camera: %s", note);
}

void night_watch_set_framerate(struct night_watch *watch, double framerate)
{
	struct camera_mode mode = watch->mode;
	char note[256] = "";
	mode.framerate = framerate;
	mode.start_exposure_us = 0; /* automatic exposure goes on where it is */
	watch->mode = mode;
	if (camera_set_mode(watch->camera, &mode, note) == 0 && note[0])
		log_debug("Camera: %s", note);
}

static void publish_switch(struct night_watch *watch, enum event_type type, const struct frame_info *info)
{
	event_log_publish(watch->events, &(struct event){ .type = type,
	                                                  .monotonic_ns = info->timestamp_ns,
	                                                  .frame_id = info->id,
	                                                  .score = watch->night.level });
}

/* What is known of the light tells automatic exposure where to begin. */
static void begin_day(struct night_watch *watch, struct camera_mode *mode, int64_t timestamp_ns)
{
	const struct night *night = &watch->night;
	double exposure_us = 0;
	settling_start_exposure(night->light, (double)night->params.day_exposure_us, night->params.day_gain, &exposure_us,
	                        &mode->start_gain);
	mode->start_exposure_us = (int64_t)exposure_us;
	settling_begin(&watch->settling, timestamp_ns);
}

static void carry_out(struct night_watch *watch, enum night_event event, const struct frame_info *info)
{
	const struct night *night = &watch->night;
	struct camera_mode mode = { .still = night->active, .framerate = watch->mode.framerate };
	if (night->active) {
		mode.exposure_us = night->exposure_us;
		mode.gain = night->params.gain;
	}
	switch (event) {
	case NIGHT_NONE:
		return;
	case NIGHT_ENTER:
		count_switch(watch, info->timestamp_ns);
		publish_switch(watch, EVENT_NIGHT_ENTER, info);
		log_info("Night detected (level %.1f below %g): exposure %" PRId64 " us, gain %g", night->level,
		         night->params.dark_threshold, mode.exposure_us, mode.gain);
		break;
	case NIGHT_EXIT:
		begin_day(watch, &mode, info->timestamp_ns);
		count_switch(watch, info->timestamp_ns);
		publish_switch(watch, EVENT_NIGHT_EXIT, info);
		log_info("Day detected (level %.1f above %g): automatic exposure", night->level,
		         night->params.bright_threshold);
		break;
	case NIGHT_EXPOSURE:
		log_debug("Night exposure is now %" PRId64 " us (rung %d)", mode.exposure_us, night->rung);
		break;
	}
	set_mode(watch, &mode);
}

static bool is_near(double one, double other)
{
	return one > 0 && one < other * 1.1 && other < one * 1.1;
}

/* Was the frame exposed as those before the switch were? Those were under way when the camera was asked to change: it
 * takes some frames' time, and frames wait. */
static bool is_from_before(const struct night_watch *watch, const struct frame_info *info)
{
	const struct frame_info *previous = &watch->previous;
	if (info->timestamp_ns < watch->asked_ns)
		return true;
	bool same_gain = (info->gain <= 0 && previous->gain <= 0) || is_near(info->gain, previous->gain);
	return same_gain && is_near(info->exposure_us, previous->exposure_us) &&
	       watch->frames_since_switch <= SETTLE_FRAMES;
}

static void mark(struct night_watch *watch, struct frame_info *info)
{
	watch->frames_since_switch++;
	if (watch->night_frames != watch->mode.still && !is_from_before(watch, info))
		watch->night_frames = watch->mode.still;
	info->night = watch->night_frames;
	watch->previous = *info;
}

void night_watch_frame(struct night_watch *watch, struct frame *frame)
{
	struct frame_info *info = &frame->info;
	measure_gap(watch, info->timestamp_ns);
	mark(watch, info);
	info->settling = settling_update(&watch->settling, info->timestamp_ns, info->mean, info->exposure_us * info->gain);
	struct night_sample sample = {
		.timestamp_ns = info->timestamp_ns,
		.mean = info->mean,
		/* Only the exposure ladder asks for it, so by day it would be work for nothing. */
		.clipped = watch->night.active ? luma_clipped_share(frame) : 0,
		.exposure_us = info->exposure_us,
		.gain = info->gain,
	};
	carry_out(watch, night_update(&watch->night, &sample), info);
}

void night_watch_status(const struct night_watch *watch, struct night_watch_status *status)
{
	const struct night *night = &watch->night;
	char day[sizeof watch->day];
	today(day);
	*status = (struct night_watch_status){
		.enabled = night->params.enable,
		.night = night->active,
		.light = night->light,
		.level = night->level,
		.dark_threshold = night->params.dark_threshold,
		.rung = night->rung,
		.exposure_us = night->exposure_us,
		.switches = watch->switches,
		.switches_today = strcmp(day, watch->day) == 0 ? watch->switches_today : 0,
		.last_switch_ns = watch->last_switch_ns,
		.last_gap_ms = watch->last_gap_ms,
		.worst_gap_ms = watch->worst_gap_ms,
	};
}
