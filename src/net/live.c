/*
 * `live`: JPEG after JPEG. Each width that somebody watches is encoded once a frame, on an export worker, and shared by
 * all who watch it. A few frames may be under way to the workers at a time, so that a worker that is late for a moment
 * costs no frame; they are handed out in their order. Only a client whose socket has taken all of the last picture gets
 * the next, so a slow one gets fewer, never older ones, and holds one picture at most.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "commands_private.h"
#include "replies.h"

enum { FEEDS_MAX = 4, UNDER_WAY_MAX = 3 };

struct viewer {
	struct live_feed *feed;
	struct viewer *next;
	server_ticket ticket;
	bool meta;
	int64_t interval_ns, due_ns; /* between pictures; 0: each */
	uint64_t seen;               /* the frame that it got last */
};

struct live_picture {
	struct live_feed *feed;
	bool done;                    /* the worker has handed over what follows */
	struct chunk *picture, *meta; /* NULL when it could not be encoded */
	uint64_t id;
};

/* Pictures of one width. */
struct live_feed {
	struct live *live;
	int width; /* 0: as the ring keeps them */
	struct viewer *viewers;
	struct live_picture under_way[UNDER_WAY_MAX]; /* in the order of their frames; done and later: under live->lock */
	size_t first, count;
	uint64_t asked;             /* the newest frame that was asked for */
	struct live_picture newest; /* the last that was handed out: for those who were busy then */
};

struct live {
	struct commands *commands;
	int frames, encoded; /* eventfds: a frame has come; a picture is encoded */
	struct loop_watch *frames_watch, *encoded_watch;
	pthread_mutex_t lock;
	struct live_feed feeds[FEEDS_MAX];
	bool stopped; /* capture may be gone */
};

/* On an export worker. */
static void on_encoded(void *data, const struct job *job)
{
	struct live_picture *result = data;
	struct live *live = result->feed->live;
	struct chunk *meta = job->error.code == 0 ? reply_meta(job, live->commands->camera) : NULL;
	pthread_mutex_lock(&live->lock);
	result->done = true;
	result->picture = meta ? chunk_reference(job->bytes) : NULL;
	result->meta = meta;
	result->id = job->last.id;
	pthread_mutex_unlock(&live->lock);
	eventfd_write(live->encoded, 1);
}

static bool is_due(const struct live_feed *feed, const struct viewer *viewer, int64_t now_ns)
{
	return viewer->due_ns <= now_ns && server_stream_is_idle(feed->live->commands->server, viewer->ticket);
}

static bool anybody_is_due(const struct live_feed *feed)
{
	int64_t now_ns = clock_now_ns();
	for (const struct viewer *viewer = feed->viewers; viewer; viewer = viewer->next)
		if (is_due(feed, viewer, now_ns))
			return true;
	return false;
}

static void encode_newest(struct live_feed *feed)
{
	struct capture_status capture;
	capture_status(feed->live->commands->requests->capture, &capture);
	if (feed->count == UNDER_WAY_MAX || !anybody_is_due(feed) || (feed->count > 0 && capture.newest.id == feed->asked))
		return;
	struct live_picture *result = &feed->under_way[(feed->first + feed->count) % UNDER_WAY_MAX];
	*result = (struct live_picture){ .feed = feed };
	struct error error = { 0 };
	const struct request request = {
		.kind = JOB_SINGLE,
		.moment = REQUEST_NEAREST,
		.at_ns = clock_now_ns(),
		.count = 1,
		.formats = EXPORT_JPG,
		.to = JOB_TO_MEMORY,
		.width = feed->width,
		.done = on_encoded,
		.data = result,
	};
	/* Refused while exports have all places: this frame is left out, the next one tries again. */
	if (requests_submit(feed->live->commands->requests, &request, &error) == 0) {
		feed->count++;
		feed->asked = capture.newest.id;
	}
}

static void on_frame(void *data, uint32_t events)
{
	(void)events;
	struct live *live = data;
	eventfd_t ignored;
	eventfd_read(live->frames, &ignored);
	for (size_t i = 0; i < FEEDS_MAX; i++)
		encode_newest(&live->feeds[i]);
}

/* Sends the newest picture to a viewer that has not seen it. The viewer may be gone afterwards. */
static void send_newest(struct viewer *viewer, int64_t now_ns)
{
	const struct live_picture *newest = &viewer->feed->newest;
	struct server *server = viewer->feed->live->commands->server;
	server_ticket ticket = viewer->ticket;
	if (!newest->picture || viewer->seen >= newest->id || !is_due(viewer->feed, viewer, now_ns))
		return;
	viewer->seen = newest->id;
	viewer->due_ns = viewer->due_ns + viewer->interval_ns > now_ns ? viewer->due_ns + viewer->interval_ns
	                                                               : now_ns + viewer->interval_ns / 2;
	/* A client that is gone takes its viewer, and maybe the picture, with it: nothing is looked at after the first. */
	struct chunk *meta = viewer->meta ? chunk_reference(newest->meta) : NULL;
	struct chunk *picture = chunk_reference(newest->picture);
	if (meta)
		server_stream_send(server, ticket, meta);
	server_stream_send(server, ticket, picture);
}

/* The oldest that is under way becomes the newest that is there. False when it is not done. */
static bool take_first(struct live_feed *feed)
{
	struct live_picture *first = &feed->under_way[feed->first];
	pthread_mutex_lock(&feed->live->lock);
	bool done = feed->count > 0 && first->done;
	pthread_mutex_unlock(&feed->live->lock);
	if (!done)
		return false;
	feed->first = (feed->first + 1) % UNDER_WAY_MAX;
	feed->count--;
	if (first->picture) {
		chunk_release(feed->newest.picture);
		chunk_release(feed->newest.meta);
		feed->newest = *first;
	}
	*first = (struct live_picture){ 0 };
	return true;
}

static void drop_newest(struct live_feed *feed)
{
	chunk_release(feed->newest.picture);
	chunk_release(feed->newest.meta);
	feed->newest = (struct live_picture){ 0 };
}

static void hand_out(struct live_feed *feed)
{
	while (take_first(feed)) {
		int64_t now_ns = clock_now_ns();
		for (struct viewer *viewer = feed->viewers, *next; viewer; viewer = next) {
			next = viewer->next;
			send_newest(viewer, now_ns);
		}
	}
	if (!feed->viewers) /* the next may watch another width */
		drop_newest(feed);
}

static void on_encoded_wake(void *data, uint32_t events)
{
	(void)events;
	struct live *live = data;
	eventfd_t ignored;
	eventfd_read(live->encoded, &ignored);
	for (size_t i = 0; i < FEEDS_MAX; i++)
		hand_out(&live->feeds[i]);
}

/* Without viewers no frame wakes anybody. */
static void set_frame_signal(struct live *live)
{
	if (live->stopped)
		return;
	bool watched = false;
	for (size_t i = 0; i < FEEDS_MAX; i++)
		watched = watched || live->feeds[i].viewers;
	capture_set_frame_signal(live->commands->requests->capture, watched ? live->frames : -1);
}

static void on_ready(void *data)
{
	send_newest(data, clock_now_ns());
}

static void on_end(void *data)
{
	struct viewer *viewer = data;
	struct live *live = viewer->feed->live;
	for (struct viewer **link = &viewer->feed->viewers; *link; link = &(*link)->next) {
		if (*link == viewer) {
			*link = viewer->next;
			break;
		}
	}
	if (!viewer->feed->viewers)
		drop_newest(viewer->feed);
	free(viewer);
	set_frame_signal(live);
}

static const struct server_stream kind = { .ready = on_ready, .end = on_end };

/* The feed of this width, or that encodes it still; else one that nobody watches and nothing is encoded for. */
static struct live_feed *feed_of(struct live *live, int width)
{
	struct live_feed *unused = NULL;
	for (size_t i = 0; i < FEEDS_MAX; i++) {
		struct live_feed *feed = &live->feeds[i];
		if ((feed->viewers || feed->count > 0) && feed->width == width)
			return feed;
		if (!feed->viewers && feed->count == 0)
			unused = feed;
	}
	return unused;
}

static int check_width(struct commands *commands, int width, struct error *error)
{
	int most, height;
	frame_ring_frame_size(commands->requests->ring, &most, &height);
	if (width <= most)
		return 0;
	return error_set(error, -EINVAL, "width=%d is larger than the pictures that are kept: at most %d", width, most);
}

static int begin(struct commands *commands, server_ticket ticket, const struct proto_arguments *arguments,
                 struct error *error)
{
	int result = check_width(commands, arguments->width, error);
	if (result < 0)
		return result;
	struct live_feed *feed = feed_of(commands->live, arguments->width);
	if (!feed)
		return error_set(error, -EBUSY, "pictures of %d other widths are watched already", FEEDS_MAX);
	struct viewer *viewer = malloc(sizeof *viewer);
	if (!viewer)
		return error_set(error, -ENOMEM, "no memory for one more viewer");
	*viewer = (struct viewer){ .feed = feed, .ticket = ticket, .meta = arguments->given & PROTO_META };
	if (arguments->given & PROTO_FPS)
		viewer->interval_ns = (int64_t)((double)CLOCK_NS_PER_S / arguments->fps);
	result = server_stream_begin(commands->server, ticket, &kind, viewer);
	if (result < 0) {
		free(viewer);
		return error_set(error, result, "all places for streams are taken");
	}
	feed->width = arguments->width;
	viewer->next = feed->viewers;
	feed->viewers = viewer;
	set_frame_signal(commands->live);
	encode_newest(feed);
	return 0;
}

void command_live(struct commands *commands, server_ticket ticket, const struct proto_words *words)
{
	struct proto_arguments arguments;
	struct error error = { 0 };
	int result = proto_parse_arguments(words, PROTO_FPS | PROTO_WIDTH | PROTO_META, &arguments, &error);
	if (result == 0)
		result = begin(commands, ticket, &arguments, &error);
	if (result < 0)
		commands_refuse(commands, ticket, "NOT_SENT", &error);
}

int live_create(struct commands *commands, struct error *error)
{
	struct live *live = calloc(1, sizeof *live);
	if (!live)
		return error_set(error, -ENOMEM, "no memory for live pictures");
	commands->live = live;
	live->commands = commands;
	pthread_mutex_init(&live->lock, NULL);
	for (size_t i = 0; i < FEEDS_MAX; i++)
		live->feeds[i].live = live;
	live->frames = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	live->encoded = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (live->frames >= 0 && live->encoded >= 0) {
		live->frames_watch = loop_add(commands->loop, live->frames, EPOLLIN, on_frame, live);
		live->encoded_watch = loop_add(commands->loop, live->encoded, EPOLLIN, on_encoded_wake, live);
	}
	if (!live->frames_watch || !live->encoded_watch)
		return error_set_errno(error, -errno, "cannot watch for live pictures");
	return 0;
}

void live_stop(struct live *live)
{
	if (!live)
		return;
	live->stopped = true;
	capture_set_frame_signal(live->commands->requests->capture, -1);
}

void live_destroy(struct live *live)
{
	if (!live)
		return;
	for (size_t i = 0; i < FEEDS_MAX; i++) {
		for (size_t k = 0; k < UNDER_WAY_MAX; k++) {
			if (!live->feeds[i].under_way[k].done)
				continue;
			chunk_release(live->feeds[i].under_way[k].picture);
			chunk_release(live->feeds[i].under_way[k].meta);
		}
		drop_newest(&live->feeds[i]);
	}
	loop_remove(live->frames_watch);
	loop_remove(live->encoded_watch);
	if (live->frames >= 0)
		close(live->frames);
	if (live->encoded >= 0)
		close(live->encoded);
	pthread_mutex_destroy(&live->lock);
	free(live);
}
