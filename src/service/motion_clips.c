#include "service/motion_clips.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/lock.h"
#include "base/log.h"
#include "detect/zones.h"

struct word {
	int moving;      /* zones */
	uint64_t starts; /* of motion, when nothing moved before */
	int64_t start_ns, end_ns;
	char zone[ZONE_NAME_BYTES]; /* of the last such start */
};

struct motion_clips {
	struct recorder *recorder;
	struct loop_watch *watch;
	int wake; /* eventfd */
	pthread_mutex_t lock;
	struct word word; /* under the lock */
	uint64_t begun;   /* starts that the recorder was told of; the loop's, as what follows */
	bool holding;
};

static void begin(struct motion_clips *clips, const struct word *word)
{
	struct recorder_reply reply;
	struct error error = { 0 };
	const struct recorder_request request = {
		.at_ns = word->start_ns, .before_s = -1, .after_s = -1, .hold = true, .label = word->zone, .reason = "motion"
	};
	clips->holding = recorder_clip(clips->recorder, &request, &reply, &error) == 0;
	if (!clips->holding && error.code != -ESHUTDOWN)
		log_warning("Motion wants a clip (clip.on_motion): %s", error.text);
}

static void on_word(void *data, uint32_t events)
{
	(void)events;
	struct motion_clips *clips = data;
	uint64_t count;
	(void)!read(clips->wake, &count, sizeof count);
	pthread_mutex_lock(&clips->lock);
	const struct word word = clips->word;
	pthread_mutex_unlock(&clips->lock);
	if (word.starts != clips->begun)
		begin(clips, &word);
	clips->begun = word.starts;
	if (word.moving == 0 && clips->holding) {
		clips->holding = false;
		recorder_release(clips->recorder, word.end_ns, -1);
	}
}

static void note_start(struct word *word, const struct motion_event *event, const char *zone)
{
	if (word->moving++ > 0)
		return;
	word->starts++;
	word->start_ns = event->timestamp_ns;
	event_set_text(word->zone, sizeof word->zone, zone);
}

void motion_clips_event(struct motion_clips *clips, const struct motion_event *event, const char *zone)
{
	if (!clips)
		return;
	pthread_mutex_lock(&clips->lock);
	if (event->start) {
		note_start(&clips->word, event, zone);
	} else {
		clips->word.moving--;
		clips->word.end_ns = event->timestamp_ns;
	}
	pthread_mutex_unlock(&clips->lock);
	(void)!write(clips->wake, &(uint64_t){ 1 }, sizeof(uint64_t));
}

struct motion_clips *motion_clips_create(struct loop *loop, struct recorder *recorder, struct error *error)
{
	struct motion_clips *clips = calloc(1, sizeof *clips);
	if (!clips) {
		error_set(error, -ENOMEM, "no memory for clips of motion");
		return NULL;
	}
	clips->recorder = recorder;
	lock_init(&clips->lock);
	clips->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (clips->wake >= 0)
		clips->watch = loop_add(loop, clips->wake, EPOLLIN, on_word, clips);
	if (clips->watch)
		return clips;
	error_set_errno(error, -errno, "cannot wait for motion");
	motion_clips_destroy(clips);
	return NULL;
}

void motion_clips_destroy(struct motion_clips *clips)
{
	if (!clips)
		return;
	if (clips->watch)
		loop_remove(clips->watch);
	if (clips->wake >= 0)
		close(clips->wake);
	pthread_mutex_destroy(&clips->lock);
	free(clips);
}
