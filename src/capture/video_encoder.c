#include "video_encoder.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"

static const int64_t AGAIN_NS = 60 * CLOCK_NS_PER_S; /* a second failure within it is the kind's, not bad luck */

void video_encoder_init(struct video_encoder *video, const struct encoder_params *params)
{
	*video = (struct video_encoder){
		.params = *params,
		.kind = ENCODER_NONE,
		.told_kind = ENCODER_NONE,
		.why = "it is chosen when the first frame is there",
	};
	lock_init(&video->lock);
}

void video_encoder_finish(struct video_encoder *video)
{
	encoder_close(video->encoder);
	video->encoder = NULL;
	pthread_mutex_destroy(&video->lock);
}

static void tell(struct video_encoder *video, const char *name, const char *why)
{
	pthread_mutex_lock(&video->lock);
	snprintf(video->name, sizeof video->name, "%s", name);
	if (why)
		snprintf(video->why, sizeof video->why, "%s", why);
	video->told_kind = video->kind;
	pthread_mutex_unlock(&video->lock);
}

/* Opens video->kind, or the next one that can be opened. why: of the choice; NULL leaves it. */
static bool open_any(struct video_encoder *video, const char *why)
{
	char reason[320];
	snprintf(reason, sizeof reason, "%s", why ? why : "");
	while (video->kind != ENCODER_NONE) {
		struct error error = { 0 };
		video->encoder = encoder_open(video->kind, &video->params, &error);
		if (video->encoder) {
			const char *name = encoder_name(video->encoder);
			tell(video, name, reason[0] ? reason : NULL);
			log_info("Video: %s%s%s", name, reason[0] ? "; " : "", reason);
			return true;
		}
		log_warning("Video: %s cannot be used: %s", encoder_kind_text(video->kind), error.text);
		snprintf(reason, sizeof reason, "%s: %.200s", encoder_kind_text(video->kind), error.text);
		video->kind = encoder_next(video->kind);
	}
	tell(video, "", reason);
	log_error("Video: no encoder works: there will be no clips (%s)", reason);
	return false;
}

bool video_encoder_start(struct video_encoder *video, bool choose, enum encoder_kind kind, double cpu_share)
{
	char why[320] = "as configured";
	video->kind = choose ? encoder_choose(&video->params, cpu_share, why, sizeof why) : kind;
	return open_any(video, why);
}

/* Closes what failed and opens it or the next kind. Returns code, or -ENOTSUP. */
static int replace(struct video_encoder *video, int code, const struct error *error)
{
	int64_t now_ns = clock_now_ns();
	bool again = video->failed_ns != 0 && now_ns - video->failed_ns < AGAIN_NS;
	char why[320];
	snprintf(why, sizeof why, "%s failed: %.200s", encoder_kind_text(video->kind), error->text);
	log_warning("Video: %s; %s", why, again ? "the next kind takes over" : "opened anew");
	encoder_close(video->encoder);
	video->encoder = NULL;
	video->failed_ns = now_ns;
	if (again) {
		video->kind = encoder_next(video->kind);
		video->failed_ns = 0;
	}
	pthread_mutex_lock(&video->lock);
	video->restarts++;
	pthread_mutex_unlock(&video->lock);
	return open_any(video, why) ? code : -ENOTSUP;
}

void video_encoder_warm_up(struct video_encoder *video, const struct frame *frame)
{
	enum { KEY_AND_NEXT = 2 };
	struct error error = { 0 };
	struct packet packet;
	const struct video_format *format;
	int result = 0;
	if (!video->encoder || video->kind == ENCODER_V4L2) /* a device has its own */
		return;
	for (int i = 0; i < KEY_AND_NEXT && result >= 0; i++) {
		result = encoder_send(video->encoder, frame, frame, false, &error);
		if (result == 0)
			result = encoder_receive(video->encoder, 0, &packet, &format, &error);
	}
	if (result < 0)
		replace(video, result, &error);
}

int video_encoder_send(struct video_encoder *video, const struct frame *frame, const struct frame *next, bool key)
{
	struct error error = { 0 };
	if (!video->encoder)
		return -ENOTSUP;
	int64_t begun_ns = clock_cpu_ns();
	int result = encoder_send(video->encoder, frame, next, key, &error);
	video->cpu_ns += clock_cpu_ns() - begun_ns;
	return result < 0 ? replace(video, result, &error) : result;
}

int video_encoder_receive(struct video_encoder *video, int timeout_ms, struct packet *packet,
                          const struct video_format **format)
{
	struct error error = { 0 };
	if (!video->encoder)
		return -ENOTSUP;
	int64_t begun_ns = clock_cpu_ns();
	int result = encoder_receive(video->encoder, timeout_ms, packet, format, &error);
	video->cpu_ns += clock_cpu_ns() - begun_ns;
	if (result < 0)
		return replace(video, result, &error);
	if (result > 0) {
		pthread_mutex_lock(&video->lock);
		video->encoded++;
		video->cpu_ms = (double)video->cpu_ns / (double)video->encoded / CLOCK_NS_PER_MS;
		pthread_mutex_unlock(&video->lock);
	}
	return result;
}

size_t video_encoder_owed(const struct video_encoder *video)
{
	return video->encoder ? encoder_owed(video->encoder) : 0;
}

void video_encoder_describe(struct video_encoder *video, struct video_status *status)
{
	pthread_mutex_lock(&video->lock);
	status->encoder = encoder_kind_text(video->told_kind);
	memcpy(status->name, video->name, sizeof status->name);
	memcpy(status->why, video->why, sizeof status->why);
	status->encoded = video->encoded;
	status->restarts = video->restarts;
	status->cpu_ms = video->cpu_ms;
	pthread_mutex_unlock(&video->lock);
}
