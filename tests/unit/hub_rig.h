/* A store in a folder of its own, on a loop that a test runs for a while. */
#ifndef PASTCAM_TEST_HUB_RIG_H
#define PASTCAM_TEST_HUB_RIG_H

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "hub/store.h"
#include "scratch.h"

struct hub_rig {
	char folder[SCRATCH_BYTES];
	struct loop *loop;
	struct loop_watch *timer;
	struct store *store;
	bool is_new;
	int written, recovered;
	int64_t keep_events;
};

static inline void hub_rig_written(void *data)
{
	((struct hub_rig *)data)->written++;
}

static inline void hub_rig_recovered(void *data)
{
	((struct hub_rig *)data)->recovered++;
}

static inline int hub_rig_open(struct hub_rig *rig, struct error *error)
{
	const struct store_params params = {
		.folder = rig->folder,
		.keep_events = rig->keep_events ? rig->keep_events : 1000,
		.written = hub_rig_written,
		.recovered = hub_rig_recovered,
		.data = rig,
	};
	rig->store = store_create(rig->loop, &params, &rig->is_new, error);
	return rig->store ? 0 : error->code;
}

static inline void hub_rig_stop(void *data, uint32_t times)
{
	(void)times;
	loop_stop(data);
}

static inline int hub_rig_make(struct hub_rig *rig)
{
	struct error error = { 0 };
	memset(rig, 0, sizeof *rig);
	scratch_make(rig->folder);
	rig->loop = loop_create(&error);
	rig->timer = loop_add_timer(rig->loop, hub_rig_stop, rig->loop);
	return hub_rig_open(rig, &error);
}

static inline void hub_rig_run_ms(struct hub_rig *rig, int64_t ms)
{
	loop_set_timer(rig->timer, ms * CLOCK_NS_PER_MS, 0);
	loop_run(rig->loop);
}

/* Runs the loop until so much is counted, at most for a minute. */
static inline int hub_rig_await(struct hub_rig *rig, const int *count, int wanted)
{
	for (int turn = 0; *count < wanted && turn < 6000; turn++)
		hub_rig_run_ms(rig, 10);
	return *count;
}

static inline void hub_rig_finish(struct hub_rig *rig)
{
	store_destroy(rig->store);
	loop_destroy(rig->loop);
	scratch_remove(rig->folder);
}

/* Event number of a run; more: further members, with a comma before. */
static inline struct hub_event hub_rig_event(const char *camera, const char *run, int number, const char *type,
                                             const char *more)
{
	struct hub_event event;
	struct error error;
	char line[1024];
	snprintf(line, sizeof line, "{\"event\":\"%s\",\"id\":\"%s-%d\",\"epoch\":%d.5%s}", type, run, number,
	         1795000000 + number, more);
	if (event_parse(&event, camera, line, &error) < 0)
		abort();
	return event;
}

static inline int hub_rig_add(struct hub_rig *rig, const char *camera, const char *run, int number, const char *type,
                              const char *more)
{
	struct hub_event event = hub_rig_event(camera, run, number, type, more);
	int result = store_event(rig->store, &event);
	event_finish(&event);
	return result;
}

/* For cmocka, where a test has one of them. */
static struct hub_rig rig;

static inline int make_rig(void **state)
{
	(void)state;
	return hub_rig_make(&rig);
}

static inline int finish_rig(void **state)
{
	(void)state;
	hub_rig_finish(&rig);
	return 0;
}

#endif
