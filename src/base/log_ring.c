#include "log_ring.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/lock.h"

static struct {
	pthread_once_t once;
	pthread_mutex_t lock;
	uint64_t written; /* ever: the number of the newest */
	int fd;           /* -1: none */
	bool signalled;
	struct log_line lines[LOG_KEPT]; /* number n is at (n - 1) % LOG_KEPT */
} ring = { .once = PTHREAD_ONCE_INIT, .fd = -1 };

static void make_lock(void)
{
	lock_init(&ring.lock);
}

static void take_lock(void)
{
	pthread_once(&ring.once, make_lock);
	pthread_mutex_lock(&ring.lock);
}

size_t log_kept_bytes(void)
{
	return sizeof ring.lines;
}

static uint64_t oldest(void)
{
	return ring.written < LOG_KEPT ? 1 : ring.written - LOG_KEPT + 1;
}

void log_ring_put(int64_t wall_ns, enum log_level level, const char *text)
{
	take_lock();
	struct log_line *line = &ring.lines[ring.written++ % LOG_KEPT];
	line->wall_ns = wall_ns;
	line->level = level;
	strcpy(line->text, text);
	bool wake = ring.fd >= 0 && !ring.signalled;
	ring.signalled |= wake;
	pthread_mutex_unlock(&ring.lock);
	if (wake)
		(void)!write(ring.fd, &(uint64_t){ 1 }, sizeof(uint64_t));
}

uint64_t log_follow_end(void)
{
	take_lock();
	uint64_t end = ring.written + 1;
	pthread_mutex_unlock(&ring.lock);
	return end;
}

bool log_follow_read(uint64_t *cursor, struct log_line *line, uint64_t *lost)
{
	take_lock();
	uint64_t first = oldest();
	*lost = *cursor < first ? first - *cursor : 0;
	bool is_there = *lost == 0 && *cursor <= ring.written;
	if (is_there)
		*line = ring.lines[(*cursor - 1) % LOG_KEPT];
	pthread_mutex_unlock(&ring.lock);
	*cursor += is_there ? 1 : *lost;
	return is_there || *lost > 0;
}

int log_follow_fd(void)
{
	take_lock();
	if (ring.fd < 0)
		ring.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int fd = ring.fd;
	pthread_mutex_unlock(&ring.lock);
	return fd;
}

void log_follow_acknowledge(void)
{
	uint64_t count;
	(void)!read(ring.fd, &count, sizeof count);
	take_lock();
	ring.signalled = false;
	pthread_mutex_unlock(&ring.lock);
}
