#include "store/event_log.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/random.h"
#include "base/utf8.h"

enum { BOOT_DIGITS = 12 };

struct event_log {
	char boot[BOOT_DIGITS + 1];
	char camera[EVENT_CAMERA_BYTES];
	int fd; /* eventfd */

	pthread_mutex_t lock; /* guards the rest */
	bool signalled;       /* fd is readable already */
	uint64_t published;   /* in all: the number of the newest */
	size_t capacity;
	struct event events[]; /* number n is at (n - 1) % capacity */
};

const char *event_type_text(enum event_type type)
{
	static const char *const texts[EVENT_TYPES] = {
		[EVENT_BOOT] = "boot",
		[EVENT_CAMERA_UP] = "camera.up",
		[EVENT_CAMERA_DOWN] = "camera.down",
		[EVENT_NIGHT_ENTER] = "night.enter",
		[EVENT_NIGHT_EXIT] = "night.exit",
		[EVENT_MOTION_START] = "motion.start",
		[EVENT_MOTION_END] = "motion.end",
		[EVENT_MOTION_OFF] = "motion.off",
		[EVENT_MOTION_ON] = "motion.on",
		[EVENT_TRIGGER] = "trigger",
		[EVENT_CLIP_START] = "clip.start",
		[EVENT_CLIP_END] = "clip.end",
		[EVENT_CLIP_FAILED] = "clip.failed",
		[EVENT_PICTURE_SAVED] = "picture.saved",
		[EVENT_PICTURE_FAILED] = "picture.failed",
		[EVENT_STORAGE_LOW] = "storage.low",
		[EVENT_STORAGE_OK] = "storage.ok",
		[EVENT_PIN_MADE] = "pin.made",
		[EVENT_PIN_KEPT] = "pin.kept",
		[EVENT_PIN_DROPPED] = "pin.dropped",
		[EVENT_LOST] = "lost",
	};
	assert((unsigned)type < EVENT_TYPES);
	return texts[type];
}

const char *event_tier_text(enum event_tier tier)
{
	static const char *const texts[] = { "", "frames", "video", "disk" };
	assert((unsigned)tier < sizeof texts / sizeof texts[0]);
	return texts[tier];
}

void event_set_text(char *field, size_t bytes, const char *text)
{
	size_t length = text ? (size_t)utf8_fit(text, (int)bytes - 1) : 0;
	if (length > 0)
		memcpy(field, text, length);
	field[length] = '\0';
}

void event_set_path(struct event *event, const char *path)
{
	event_set_text(event->path, sizeof event->path, path && strlen(path) < sizeof event->path ? path : "");
}

static void draw_boot(char boot[BOOT_DIGITS + 1])
{
	snprintf(boot, BOOT_DIGITS + 1, "%012" PRIx64, random_draw() & UINT64_C(0xffffffffffff));
}

size_t event_log_bytes(size_t capacity)
{
	return sizeof(struct event_log) + capacity * sizeof(struct event);
}

struct event_log *event_log_create(size_t capacity, const char *camera, struct error *error)
{
	assert(capacity > 0);
	struct event_log *log = calloc(1, event_log_bytes(capacity));
	if (!log) {
		error_set(error, -ENOMEM, "no memory for %zu events", capacity);
		return NULL;
	}
	log->capacity = capacity;
	event_set_text(log->camera, sizeof log->camera, camera);
	utf8_repair(log->camera);
	draw_boot(log->boot);
	lock_init(&log->lock);
	log->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (log->fd < 0) {
		error_set_errno(error, -errno, "cannot make the descriptor of events");
		event_log_destroy(log);
		return NULL;
	}
	return log;
}

void event_log_destroy(struct event_log *log)
{
	if (!log)
		return;
	if (log->fd >= 0)
		close(log->fd);
	pthread_mutex_destroy(&log->lock);
	free(log);
}

static struct event *event_at(struct event_log *log, uint64_t number)
{
	return &log->events[(number - 1) % log->capacity];
}

uint64_t event_log_publish(struct event_log *log, const struct event *event)
{
	if (!log)
		return 0;
	int64_t monotonic_ns = event->monotonic_ns ? event->monotonic_ns : clock_now_ns();
	int64_t wall_ns = event->wall_ns ? event->wall_ns : clock_wall_of(monotonic_ns);
	pthread_mutex_lock(&log->lock);
	struct event *copy = event_at(log, ++log->published);
	*copy = *event;
	uint64_t number = copy->number = log->published;
	copy->monotonic_ns = monotonic_ns;
	copy->wall_ns = wall_ns;
	bool wake = !log->signalled;
	log->signalled = true;
	pthread_mutex_unlock(&log->lock);
	if (wake)
		(void)!write(log->fd, &(uint64_t){ 1 }, sizeof(uint64_t));
	return number;
}

uint64_t event_log_end(struct event_log *log)
{
	pthread_mutex_lock(&log->lock);
	uint64_t end = log->published + 1;
	pthread_mutex_unlock(&log->lock);
	return end;
}

/* "BOOT-NUMBER", and nothing else. */
static bool parse_id(const char *id, const char **number, uint64_t *value)
{
	if (strspn(id, "0123456789abcdef") != BOOT_DIGITS || id[BOOT_DIGITS] != '-')
		return false;
	*number = id + BOOT_DIGITS + 1;
	size_t digits = strspn(*number, "0123456789");
	if (digits == 0 || (*number)[digits] != '\0')
		return false;
	errno = 0;
	*value = strtoull(*number, NULL, 10);
	return errno == 0;
}

int event_log_find(struct event_log *log, const char *id, uint64_t *cursor)
{
	const char *digits;
	uint64_t number;
	if (!parse_id(id, &digits, &number))
		return -EINVAL;
	if (strncmp(id, log->boot, BOOT_DIGITS) != 0) {
		*cursor = 0;
		return 0;
	}
	if (number >= event_log_end(log))
		return -EINVAL;
	*cursor = number + 1;
	return 0;
}

static struct event make_lost(uint64_t last, uint64_t count)
{
	int64_t now_ns = clock_now_ns();
	return (struct event){
		.type = EVENT_LOST,
		.number = last,
		.monotonic_ns = now_ns,
		.wall_ns = clock_wall_of(now_ns),
		.count = count,
	};
}

/* One event, so that nobody who publishes waits for more than the copying of one. */
static bool read_one(struct event_log *log, uint64_t *cursor, struct event *event)
{
	pthread_mutex_lock(&log->lock);
	uint64_t oldest = log->published < log->capacity ? 1 : log->published - log->capacity + 1;
	bool there = *cursor <= log->published && *cursor >= oldest;
	if (there)
		*event = *event_at(log, *cursor);
	pthread_mutex_unlock(&log->lock);
	if (there) {
		++*cursor;
		return true;
	}
	if (*cursor >= oldest)
		return false;
	*event = make_lost(oldest - 1, *cursor == 0 ? EVENT_COUNT_UNKNOWN : oldest - *cursor);
	*cursor = oldest;
	return true;
}

size_t event_log_read(struct event_log *log, uint64_t *cursor, struct event *events, size_t count)
{
	size_t copied = 0;
	while (copied < count && read_one(log, cursor, &events[copied]))
		copied++;
	return copied;
}

int event_log_fd(const struct event_log *log)
{
	return log->fd;
}

void event_log_acknowledge(struct event_log *log)
{
	uint64_t count;
	(void)!read(log->fd, &count, sizeof count);
	pthread_mutex_lock(&log->lock);
	log->signalled = false;
	pthread_mutex_unlock(&log->lock);
}

void event_log_id(const struct event_log *log, uint64_t number, char id[EVENT_ID_BYTES])
{
	snprintf(id, EVENT_ID_BYTES, "%s-%" PRIu64, log->boot, number);
}

const char *event_log_camera(const struct event_log *log)
{
	return log->camera;
}
