#include "service/pins.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define TICK_NS (100 * INT64_C(1000000))

struct pin {
	struct pins *pins;
	uint64_t id; /* 0: free */
	bool keeping;
	struct pins_keep keep;     /* while it is being kept */
	int64_t from_ns, until_ns; /* frames are taken up until then; until_ns 0: it has all */
	int64_t expires_ns;
	size_t frames, room;
	const struct frame **frame; /* oldest first */
};

struct pins {
	struct requests *requests;
	struct event_log *events;
	pthread_mutex_t lock;
	uint64_t last_id;
	size_t frames, frames_max; /* of all pins together */
	struct pin pin[PINS_MAX];
};

static struct frame_ring *ring_of(const struct pins *pins)
{
	return pins->requests->ring;
}

struct pins *pins_create(struct requests *requests, struct event_log *events, struct error *error)
{
	struct frame_ring_status ring;
	struct pins *pins = calloc(1, sizeof *pins);
	if (!pins) {
		error_set(error, -ENOMEM, "no memory for pins");
		return NULL;
	}
	frame_ring_status(requests->ring, &ring);
	pins->requests = requests;
	pins->events = events;
	pins->frames_max = ring.run_limit > 1 ? ring.run_limit / 2 : 1;
	for (size_t i = 0; i < PINS_MAX; i++)
		pins->pin[i].pins = pins;
	pthread_mutex_init(&pins->lock, NULL);
	return pins;
}

static void publish(struct pins *pins, struct event *event, uint64_t id)
{
	event->id = id;
	event_log_publish(pins->events, event);
}

static void publish_dropped(struct pins *pins, uint64_t id, const char *reason)
{
	struct event event = { .type = EVENT_PIN_DROPPED };
	event_set_text(event.reason, sizeof event.reason, reason);
	publish(pins, &event, id);
}

static void release(struct pins *pins, struct pin *pin)
{
	frame_ring_release(ring_of(pins), pin->frame, pin->frames);
	pins->frames -= pin->frames;
	free(pin->frame);
	*pin = (struct pin){ .pins = pins };
}

void pins_destroy(struct pins *pins)
{
	if (!pins)
		return;
	for (size_t i = 0; i < PINS_MAX; i++)
		if (pins->pin[i].id != 0)
			release(pins, &pins->pin[i]);
	pthread_mutex_destroy(&pins->lock);
	free(pins);
}

static struct pin *find(struct pins *pins, uint64_t id, struct error *error)
{
	for (size_t i = 0; i < PINS_MAX && id != 0; i++)
		if (pins->pin[i].id == id)
			return &pins->pin[i];
	error_set(error, -ENOENT, "there is no pin %" PRIu64 ": it was kept, dropped or has expired", id);
	return NULL;
}

static struct pin *find_free(struct pins *pins, struct error *error)
{
	for (size_t i = 0; i < PINS_MAX && pins->frames < pins->frames_max; i++)
		if (pins->pin[i].id == 0)
			return &pins->pin[i];
	error_set(error, -EBUSY, "%d pins or %zu frames are held at most: keep or drop some", PINS_MAX, pins->frames_max);
	return NULL;
}

/* Room for as many frames more as may be pinned; -EBUSY: none. */
static int make_room(struct pins *pins, struct pin *pin)
{
	size_t room = pins->frames_max - pins->frames;
	if (room == 0)
		return -EBUSY;
	if (pin->room < pin->frames + room) {
		const struct frame **frames = realloc(pin->frame, (pin->frames + room) * sizeof *frames);
		if (!frames)
			return -ENOMEM;
		pin->frame = frames;
		pin->room = pin->frames + room;
	}
	return (int)room;
}

/* Takes up the frames that were exposed from since_ns on and began before until_ns. -EBUSY when no more may be pinned.
 */
static int take_up(struct pins *pins, struct pin *pin, int64_t since_ns)
{
	int room = make_room(pins, pin);
	int found = room < 0 ? room : frame_ring_pin_since(ring_of(pins), since_ns, (size_t)room, pin->frame + pin->frames);
	if (found < 0)
		return found;
	size_t fit = (size_t)found;
	while (fit > 0 && pin->frame[pin->frames + fit - 1]->info.timestamp_ns > pin->until_ns)
		fit--;
	frame_ring_release(ring_of(pins), pin->frame + pin->frames + fit, (size_t)found - fit);
	pin->frames += fit;
	pins->frames += fit;
	return 0;
}

/* Takes up what is there of the interval. What does not fit is missed at its old end; what is still to come keeps its
 * share of the room. */
static int take_past(struct pins *pins, struct pin *pin)
{
	int room = make_room(pins, pin);
	if (room < 0)
		return room;
	int64_t past_ns = clock_now_ns() - pin->from_ns, whole_ns = pin->until_ns - pin->from_ns;
	if (past_ns < whole_ns)
		room = past_ns > 0 ? 1 + (int)((double)(room - 1) * (double)past_ns / (double)whole_ns) : 1;
	int found = frame_ring_pin_between(ring_of(pins), pin->from_ns, pin->until_ns, (size_t)room, pin->frame);
	if (found < 0)
		return found;
	pin->frames = (size_t)found;
	pins->frames += (size_t)found;
	return 0;
}

/* The one frame of a moment. */
static int take_nearest(struct pins *pins, struct pin *pin, int64_t at_ns)
{
	pin->frame = malloc(sizeof(const struct frame *));
	if (!pin->frame)
		return -ENOMEM;
	int found = frame_ring_pin_nearest(ring_of(pins), at_ns, 1, pin->frame);
	if (found < 0)
		return found;
	pin->room = 1;
	pin->until_ns = 0;
	pin->frames = (size_t)found;
	pins->frames += (size_t)found;
	return 0;
}

static void describe(const struct pin *pin, struct pin_info *info)
{
	*info = (struct pin_info){ .id = pin->id, .expires_ns = pin->expires_ns, .frames = pin->frames };
	if (pin->frames > 0) {
		info->from_ns = pin->frame[0]->info.timestamp_ns;
		info->to_ns = pin->frame[pin->frames - 1]->info.exposure_end_ns;
	}
}

static int fill(struct pins *pins, struct pin *pin, int64_t at_ns, int64_t before_ns, int64_t after_ns,
                struct error *error)
{
	bool one = before_ns == 0 && after_ns == 0;
	int result = one ? take_nearest(pins, pin, at_ns) : take_past(pins, pin);
	if (result == 0 && pin->frames == 0 && at_ns + after_ns < clock_now_ns())
		return error_set(error, -ENODATA, "no frames of that time are left");
	if (result == -EBUSY)
		return error_set(error, result, "the frames are held by others: try again");
	return result < 0 ? error_set_errno(error, result, "cannot hold the frames") : 0;
}

int pins_make(struct pins *pins, int64_t at_ns, int64_t before_ns, int64_t after_ns, struct pin_info *info,
              struct error *error)
{
	if (requests_check_moment(pins->requests, at_ns, error) < 0)
		return error->code;
	pthread_mutex_lock(&pins->lock);
	struct pin *pin = find_free(pins, error);
	int result = pin ? 0 : -EBUSY;
	if (pin) {
		*pin = (struct pin){ .pins = pins,
			                 .from_ns = at_ns - before_ns,
			                 .until_ns = at_ns + after_ns,
			                 .expires_ns = clock_now_ns() + PINS_EXPIRE_S * CLOCK_NS_PER_S };
		result = fill(pins, pin, at_ns, before_ns, after_ns, error);
		if (result == 0)
			pin->id = ++pins->last_id;
		else
			release(pins, pin);
	}
	if (result == 0) {
		describe(pin, info);
		struct event event = {
			.type = EVENT_PIN_MADE, .tier = EVENT_TIER_FRAMES, .count = pin->frames, .duration_s = PINS_EXPIRE_S
		};
		publish(pins, &event, pin->id);
	}
	pthread_mutex_unlock(&pins->lock);
	return result;
}

int pins_drop(struct pins *pins, uint64_t id, struct error *error)
{
	pthread_mutex_lock(&pins->lock);
	struct pin *pin = find(pins, id, error);
	int result = !pin ? -ENOENT : pin->keeping ? error_set(error, -EALREADY, "pin %" PRIu64 " is being kept", id) : 0;
	if (result == 0) {
		release(pins, pin);
		publish_dropped(pins, id, "asked");
	}
	pthread_mutex_unlock(&pins->lock);
	return result;
}

static void publish_kept(struct pins *pins, uint64_t id, const struct job *job)
{
	struct event event = { .type = EVENT_PIN_KEPT, .count = job->file_count };
	char path[EVENT_PATH_BYTES];
	const char *first = job->paths[0] ? job->paths[0] : "";
	size_t length = strcspn(first, ",");
	if (length < sizeof path) {
		memcpy(path, first, length);
		path[length] = '\0';
		event_set_path(&event, path);
	}
	export_format_list(job->formats, EXPORT_FORMAT_COUNT, event.formats, sizeof event.formats);
	publish(pins, &event, id);
}

/* On an export worker. A pin that is being kept is neither dropped nor expires, so it is there. */
static void on_kept(void *data, const struct job *job)
{
	struct pin *pin = data;
	struct pins *pins = pin->pins;
	pthread_mutex_lock(&pins->lock);
	const uint64_t id = pin->id;
	const struct pins_keep keep = pin->keep;
	pin->keeping = false;
	if (job->error.code == 0) {
		release(pins, pin);
		publish_kept(pins, id, job);
	}
	pthread_mutex_unlock(&pins->lock);
	keep.done(keep.data, job, id);
}

static int submit(struct pins *pins, struct pin *pin, const struct pins_keep *keep, struct error *error)
{
	const struct request request = {
		.kind = pin->frames == 1 ? JOB_SINGLE : JOB_SERIES,
		.moment = REQUEST_PINNED,
		.count = pin->frames,
		.frames = pin->frame,
		.formats = keep->formats,
		.done = on_kept,
		.data = pin,
		.ticket = keep->ticket,
	};
	return requests_submit(pins->requests, &request, error);
}

int pins_keep(struct pins *pins, uint64_t id, const struct pins_keep *keep, struct error *error)
{
	pthread_mutex_lock(&pins->lock);
	struct pin *pin = find(pins, id, error);
	int result = pin ? 0 : -ENOENT;
	if (pin && pin->keeping)
		result = error_set(error, -EALREADY, "pin %" PRIu64 " is being kept already", id);
	else if (pin && pin->frames == 0)
		result = error_set(error, -ENODATA, "pin %" PRIu64 " holds no frames yet", id);
	if (result == 0)
		result = submit(pins, pin, keep, error);
	if (result == 0) {
		pin->keeping = true;
		pin->keep = *keep;
	}
	pthread_mutex_unlock(&pins->lock);
	return result;
}

/* From when on its next frame was exposed. */
static int64_t after_last(const struct pin *pin)
{
	if (pin->frames == 0)
		return pin->from_ns;
	const struct frame_info *last = &pin->frame[pin->frames - 1]->info;
	return last->exposure_end_ns > last->timestamp_ns ? last->exposure_end_ns : last->timestamp_ns + 1;
}

static void tick(struct pins *pins, struct pin *pin, int64_t now_ns)
{
	if (!pin->keeping && pin->expires_ns <= now_ns) {
		uint64_t id = pin->id;
		release(pins, pin);
		publish_dropped(pins, id, "expired");
		return;
	}
	struct frame_ring_status ring;
	frame_ring_status(ring_of(pins), &ring);
	if (pin->keeping || pin->until_ns == 0)
		return;
	/* While others hold the frames, and without memory, the next tick tries again. */
	int result = take_up(pins, pin, after_last(pin));
	if (pins->frames == pins->frames_max || (result == 0 && ring.newest_ns > pin->until_ns))
		pin->until_ns = 0;
}

int64_t pins_tick(struct pins *pins)
{
	int64_t now_ns = clock_now_ns(), next_ns = 0;
	pthread_mutex_lock(&pins->lock);
	for (size_t i = 0; i < PINS_MAX; i++) {
		struct pin *pin = &pins->pin[i];
		if (pin->id != 0)
			tick(pins, pin, now_ns);
		if (pin->id == 0)
			continue;
		int64_t wait_ns = pin->until_ns != 0 ? TICK_NS : CLOCK_NS_PER_S;
		next_ns = next_ns == 0 || wait_ns < next_ns ? wait_ns : next_ns;
	}
	pthread_mutex_unlock(&pins->lock);
	return next_ns;
}

size_t pins_list(struct pins *pins, struct pin_info list[PINS_MAX])
{
	size_t count = 0;
	pthread_mutex_lock(&pins->lock);
	for (size_t i = 0; i < PINS_MAX; i++)
		if (pins->pin[i].id != 0)
			describe(&pins->pin[i], &list[count++]);
	pthread_mutex_unlock(&pins->lock);
	return count;
}
