#include "clip_spool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fsio.h"
#include "base/number.h"
#include "clip_reply.h"
#include "file_answer.h"

enum { TAG_BYTES = 48, REASON_BYTES = 256, REPLY_S = 30 };

struct waiter {
	struct waiter *next;
	struct request *request; /* NULL: it has gone */
	void (*without)(struct request *request);
};

struct spool {
	int fd; /* -1: this place is free */
	char camera[CAMERA_NAME_BYTES], line[CLIENT_LINE_BYTES], tag[TAG_BYTES];
	struct client_call *call; /* NULL: it is whole */
	uint64_t size;
	struct clip_boxes boxes;
	bool is_too_large; /* for parts, which is remembered instead of it */
	int64_t used_ns;
	char head[REASON_BYTES]; /* its first bytes: a refusal, where it is no video */
	struct waiter *waiters;
};

static struct spool spools[CLIP_SPOOLS_MAX] = { { .fd = -1 }, { .fd = -1 }, { .fd = -1 } };
static struct loop_watch *expiry;

static void free_spool(struct spool *spool)
{
	client_call_cancel(spool->call);
	close(spool->fd);
	*spool = (struct spool){ .fd = -1 };
}

/* --- when it has come --- */

static bool is_video(const struct spool *spool)
{
	return clip_reply_is_video(spool->head, spool->size);
}

static void answer(struct spool *spool, struct request *request, const struct error *error)
{
	bool is_whole = is_video(spool) && error->code == 0 && clip_boxes_may_end(&spool->boxes);
	int fd = is_whole ? dup(spool->fd) : -1;
	if (fd >= 0)
		file_answer(request, fd, spool->size, spool->tag, "video/mp4", NULL);
	else if (is_whole)
		request_problem(request, 503, "the video cannot be read: %s", strerror(errno));
	else if (is_video(spool))
		request_problem(request, 503, "camera %s: %s", spool->camera,
		                error->code < 0 ? error->text : "pastcam left in the middle of it");
	else
		clip_reply_refuse(request, spool->camera, spool->head, min_size(spool->size, sizeof spool->head - 1), error);
}

/* error: NULL: it is too large, and sent in another way. */
static void answer_all(struct spool *spool, const struct error *error)
{
	while (spool->waiters) {
		struct waiter *waiter = spool->waiters;
		struct request *request = waiter->request;
		spool->waiters = waiter->next;
		if (request)
			request->cancel = NULL;
		if (request && error)
			answer(spool, request, error);
		else if (request)
			waiter->without(request);
		free(waiter);
	}
}

static void on_bytes(void *data, const void *bytes, size_t length, uint64_t left)
{
	(void)left;
	struct spool *spool = data;
	size_t head = spool->size < sizeof spool->head - 1 ? sizeof spool->head - 1 - (size_t)spool->size : 0;
	memcpy(spool->head + (sizeof spool->head - 1 - head), bytes, length < head ? length : head);
	bool fits = spool->size + length <= CLIP_SPOOL_BYTES && fsio_write(spool->fd, bytes, length) == 0;
	spool->size += length;
	clip_boxes_feed(&spool->boxes, bytes, length);
	if (fits)
		return;
	client_call_cancel(spool->call);
	spool->call = NULL;
	spool->is_too_large = true;
	answer_all(spool, NULL);
	if (ftruncate(spool->fd, 0) < 0)
		free_spool(spool);
}

static void on_end(void *data, const struct error *error)
{
	struct spool *spool = data;
	spool->call = NULL;
	answer_all(spool, error);
	if (error->code < 0 || !is_video(spool) || !clip_boxes_may_end(&spool->boxes))
		free_spool(spool);
}

/* --- asking --- */

static void on_expiry(void *data, uint32_t times)
{
	(void)data;
	(void)times;
	int64_t before_ns = clock_now_ns() - (int64_t)CLIP_SPOOL_S * CLOCK_NS_PER_S;
	bool is_empty = true;
	for (size_t i = 0; i < CLIP_SPOOLS_MAX; i++) {
		if (spools[i].fd >= 0 && !spools[i].call && spools[i].used_ns < before_ns)
			free_spool(&spools[i]);
		is_empty = is_empty && spools[i].fd < 0;
	}
	if (is_empty)
		loop_set_timer(expiry, 0, 0);
}

static struct spool *find(const struct camera *camera, const char *line)
{
	for (size_t i = 0; i < CLIP_SPOOLS_MAX; i++)
		if (spools[i].fd >= 0 && strcmp(spools[i].camera, camera->name) == 0 && strcmp(spools[i].line, line) == 0)
			return &spools[i];
	return NULL;
}

/* A free place, else that of the one that was asked for longest ago; NULL: all are under way. */
static struct spool *find_place(void)
{
	struct spool *place = NULL;
	for (size_t i = 0; i < CLIP_SPOOLS_MAX; i++) {
		if (spools[i].fd < 0)
			return &spools[i];
		if (!spools[i].call && (!place || spools[i].used_ns < place->used_ns))
			place = &spools[i];
	}
	if (place)
		free_spool(place);
	return place;
}

static struct spool *begin(struct request *request, const struct camera *camera, const char *line)
{
	static unsigned long long number;
	struct loop *loop = request->web->loop;
	struct spool *spool = find_place();
	if (!expiry)
		expiry = loop_add_timer(loop, on_expiry, NULL);
	if (!spool || !expiry || loop_set_timer(expiry, CLOCK_NS_PER_S, CLOCK_NS_PER_S) < 0)
		return NULL;
	spool->fd = memfd_create("pastcam-clip", MFD_CLOEXEC);
	if (spool->fd < 0)
		return NULL;
	snprintf(spool->camera, sizeof spool->camera, "%s", camera->name);
	snprintf(spool->line, sizeof spool->line, "%s", line);
	snprintf(spool->tag, sizeof spool->tag, "\"%llx-%llx\"", (unsigned long long)clock_wall_ns(), ++number);
	const struct client_call_params params = {
		.address = { .socket_path = camera->path },
		.line = line,
		.reply = CLIENT_BYTES,
		.handlers = { .bytes = on_bytes, .end = on_end },
		.data = spool,
		.connect_timeout_s = 5,
		.reply_timeout_s = REPLY_S,
		.idle_timeout_s = REPLY_S,
	};
	spool->call = client_call_begin(loop, &params, NULL);
	if (spool->call)
		return spool;
	free_spool(spool);
	return NULL;
}

static void cancel(void *state)
{
	((struct waiter *)state)->request = NULL;
}

static void wait_for(struct spool *spool, struct request *request, void (*without)(struct request *request))
{
	struct waiter *waiter = calloc(1, sizeof *waiter);
	if (!waiter) {
		without(request);
		return;
	}
	*waiter = (struct waiter){ .next = spool->waiters, .request = request, .without = without };
	spool->waiters = waiter;
	request_wait(request, cancel, waiter);
}

void clip_spool_answer(struct request *request, const struct camera *camera, const char *line,
                       void (*without)(struct request *request))
{
	struct spool *spool = find(camera, line);
	if (!spool)
		spool = begin(request, camera, line);
	if (!spool) {
		without(request);
		return;
	}
	spool->used_ns = clock_now_ns();
	if (spool->is_too_large)
		without(request);
	else if (spool->call)
		wait_for(spool, request, without);
	else
		answer(spool, request, &(struct error){ 0 });
}

void clip_spools_destroy(void)
{
	for (size_t i = 0; i < CLIP_SPOOLS_MAX; i++) {
		if (spools[i].fd < 0)
			continue;
		answer_all(&spools[i], NULL); /* nobody waits any more: frees the waiters */
		free_spool(&spools[i]);
	}
	loop_remove(expiry);
	expiry = NULL;
}
