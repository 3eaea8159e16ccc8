/* Publishing an event, which capture does, while somebody reads for half of 64 subscribers and the others never do. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "measure.h"
#include "set.h"
#include "store/event_log.h"

enum { EVENTS_A_TURN = 1000, NS_AN_EVENT = 1000, SUBSCRIBERS = 64, READERS = SUBSCRIBERS / 2, AT_ONCE = 4 };

struct subscribers {
	struct event_log *log;
	uint64_t cursors[SUBSCRIBERS]; /* the first READERS are read */
	atomic_bool ending;
	uint64_t told; /* events and losses that readers got */
};

static void read_all(struct subscribers *subscribers)
{
	struct event events[AT_ONCE];
	event_log_acknowledge(subscribers->log);
	for (size_t i = 0; i < READERS; i++)
		for (size_t count; (count = event_log_read(subscribers->log, &subscribers->cursors[i], events, AT_ONCE)) > 0;)
			subscribers->told += count;
}

static void *serve(void *data)
{
	struct subscribers *subscribers = data;
	struct pollfd entry = { .fd = event_log_fd(subscribers->log), .events = POLLIN };
	while (!atomic_load(&subscribers->ending) && poll(&entry, 1, -1) >= 0)
		read_all(subscribers);
	return NULL;
}

static void publish(void *data, size_t turn)
{
	struct subscribers *subscribers = data;
	for (uint64_t i = 0; i < EVENTS_A_TURN; i++)
		event_log_publish(subscribers->log, &(struct event){ .type = EVENT_TRIGGER, .frame_id = turn + i });
}

/* As in a quiet hour: each event finds the listener asleep and has to wake it. The listener's part is in it too. */
static void publish_and_wake(void *data, size_t turn)
{
	struct subscribers *subscribers = data;
	for (uint64_t i = 0; i < EVENTS_A_TURN; i++) {
		event_log_publish(subscribers->log, &(struct event){ .type = EVENT_TRIGGER, .frame_id = turn + i });
		event_log_acknowledge(subscribers->log);
	}
}

static void wake_only(void *data, size_t turn)
{
	const struct subscribers *subscribers = data;
	const int fd = event_log_fd(subscribers->log);
	(void)turn;
	for (uint64_t count = 1, i = 0; i < EVENTS_A_TURN; i++)
		if (write(fd, &count, sizeof count) < 0 || read(fd, &count, sizeof count) < 0)
			exit(1);
}

static void spend_time(void *data, size_t turn)
{
	(void)data, (void)turn;
	const int64_t end_ns = clock_now_ns() + (int64_t)EVENTS_A_TURN * NS_AN_EVENT;
	while (clock_now_ns() < end_ns)
		;
}

void bench_events(void)
{
	static struct subscribers subscribers;
	pthread_t thread;
	subscribers.log = event_log_create(EVENT_LOG_CAPACITY, "", NULL);
	if (!subscribers.log || pthread_create(&thread, NULL, serve, &subscribers) != 0) {
		fprintf(stderr, "bench: no memory\n");
		exit(1);
	}
	report_row("1000 events to 64 subscribers", "1 us each", "", measure_pair(publish, spend_time, &subscribers, 100),
	           1);
	atomic_store(&subscribers.ending, true);
	publish(&subscribers, 0);
	pthread_join(thread, NULL);
	report_row("1000 events, each wakes", "the two system calls alone", "",
	           measure_pair(publish_and_wake, wake_only, &subscribers, 100), 1.25);
	event_log_destroy(subscribers.log);
}
