#include "service/motion_try.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/thread.h"
#include "media/luma_grid.h"

struct motion_try {
	struct motion_try_params params;
	struct motion_setup setup;
	struct thread thread;
	atomic_bool under_way, stop;
	motion_try_done done;
	void *data;
	uint64_t ticket;
};

struct run {
	const struct motion_try *attempt;
	struct motion *motion;
	struct luma_grid grid;
	int width, height;
	int64_t first_ns, last_ns, now_ns;
	uint64_t frames, events;
	char *lines; /* of the events */
	size_t length;
	FILE *out;
};

static void print_event(struct run *run, const struct motion_event *event)
{
	run->events++;
	fprintf(run->out,
	        "\n{\"event\":\"%s\",\"at\":%.3f,\"zone\":\"%s\",\"score\":%.3f,\"box\":[%d,%d,%d,%d],\"frame_id\":%llu}",
	        event->start ? "motion.start" : "motion.end",
	        (double)(event->timestamp_ns - run->now_ns) / (double)CLOCK_NS_PER_S,
	        run->attempt->setup.zones.zone[event->zone].name, event->score, event->box[0], event->box[1], event->box[2],
	        event->box[3], (unsigned long long)event->frame_id);
}

static void look(struct run *run, const struct frame *frame)
{
	struct motion_event events[MOTION_EVENTS_MAX];
	luma_grid_rows(&run->grid, frame->pixels, run->width, 0, run->height);
	const size_t count = motion_frame(run->motion, run->grid.cells, &frame->info, events);
	for (size_t i = 0; i < count; i++)
		print_event(run, &events[i]);
	run->first_ns = run->frames++ ? run->first_ns : frame->info.timestamp_ns;
	run->last_ns = frame->info.timestamp_ns;
}

/* From the oldest frame to what was the newest when it began. */
static void walk(struct run *run, struct motion_try *attempt)
{
	struct frame_ring_status ring;
	frame_ring_status(attempt->params.ring, &ring);
	run->now_ns = clock_now_ns(); /* after it, so that all of them are past */
	int64_t next_ns = ring.oldest_ns;
	const struct frame *frame;
	while (!attempt->stop && next_ns <= ring.newest_ns &&
	       frame_ring_pin_since(attempt->params.ring, next_ns, 1, &frame) == 1) {
		look(run, frame);
		/* A frame counts until its exposure ends. */
		next_ns = (frame->info.exposure_end_ns > frame->info.timestamp_ns ? frame->info.exposure_end_ns
		                                                                  : frame->info.timestamp_ns) +
		          1;
		frame_ring_release(attempt->params.ring, &frame, 1);
	}
}

static void answer(struct motion_try *attempt, struct run *run)
{
	char *text = NULL;
	const double seconds = (double)(run->last_ns - run->first_ns) / (double)CLOCK_NS_PER_S;
	if (fclose(run->out) == 0 &&
	    asprintf(&text, "TRIED frames=%llu seconds=%.1f events=%llu%s", (unsigned long long)run->frames, seconds,
	             (unsigned long long)run->events, run->lines) < 0)
		text = NULL;
	/* The next may begin as soon as this one is answered; it waits for the rest of this thread. */
	attempt->under_way = false;
	attempt->done(attempt->data, attempt->ticket, text);
	free(text);
	free(run->lines);
}

static void refuse(struct motion_try *attempt)
{
	attempt->under_way = false;
	attempt->done(attempt->data, attempt->ticket, NULL);
}

static void run_try(void *data)
{
	struct motion_try *attempt = data;
	struct run run = { .attempt = attempt };
	frame_ring_frame_size(attempt->params.ring, &run.width, &run.height);
	run.out = open_memstream(&run.lines, &run.length);
	run.motion = motion_create(&attempt->setup.params, &attempt->setup.zones, NULL);
	const bool complete = luma_grid_init(&run.grid, run.width, run.height, attempt->setup.params.block) && run.motion;
	if (complete && run.out)
		walk(&run, attempt);
	motion_destroy(run.motion);
	luma_grid_finish(&run.grid);
	if (run.out)
		answer(attempt, &run);
	else
		refuse(attempt);
}

struct motion_try *motion_try_create(const struct motion_try_params *params, struct error *error)
{
	struct motion_try *attempt = calloc(1, sizeof *attempt);
	if (!attempt) {
		error_set(error, -ENOMEM, "no memory to try motion");
		return NULL;
	}
	attempt->params = *params;
	return attempt;
}

void motion_try_destroy(struct motion_try *attempt)
{
	if (!attempt)
		return;
	attempt->stop = true;
	thread_join(&attempt->thread);
	free(attempt);
}

int motion_try_start(struct motion_try *attempt, const char *const *assignments, size_t count, motion_try_done done,
                     void *data, uint64_t ticket, struct error *error)
{
	if (attempt->under_way)
		return error_set(error, -EBUSY, "another try is under way: ask again");
	thread_join(&attempt->thread);
	int result = attempt->params.compose(attempt->params.data, assignments, count, &attempt->setup, error);
	if (result < 0)
		return result;
	attempt->done = done;
	attempt->data = data;
	attempt->ticket = ticket;
	attempt->under_way = true;
	result = thread_start(&attempt->thread, "motion-try", THREAD_EXPORT, run_try, attempt);
	if (result == 0)
		return 0;
	attempt->under_way = false;
	return error_set_errno(error, result, "there is no thread to try motion on");
}
