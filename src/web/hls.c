#include "hls.h"

#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "base/clock.h"
#include "base/number.h"
#include "fragments.h"
#include "playlist.h"
#include "response.h"

enum { UNUSED_S = 30, PATIENCE_S = 20, TEXT_BYTES = 512 };
static const double SEGMENT_LEAST_S = 1.5;
static const char no_h264[] = "its video is MJPEG, which HLS does not have: encoder.kind openh264 makes H.264";

/* A playlist that was asked for before there was a segment. */
struct waiter {
	struct waiter *next;
	struct source *source;
	struct request *request;
	int64_t since_ns;
};

struct source {
	struct source *next;
	struct hls *hls;
	char camera[33];
	struct client_call *call;
	struct loop_watch *timer; /* each second */
	struct fragments fragments;
	struct playlist playlist;
	struct chunk *head, *building; /* of the segment that is not whole yet */
	double seconds;                /* of building */
	bool is_mjpeg;
	bool is_anew;          /* the next segment begins another stream */
	char text[TEXT_BYTES]; /* what came first: video, or why there is none */
	size_t text_length;
	int64_t asked_ns;
	struct waiter *waiters;
};

struct hls {
	struct web *web;
	struct source *sources;
};

/* --- waiting for the first segment --- */

static void free_waiter(void *data)
{
	struct waiter *waiter = data;
	struct waiter **link = &waiter->source->waiters;
	while (*link != waiter)
		link = &(*link)->next;
	*link = waiter->next;
	free(waiter);
}

static struct request *take_waiter(struct source *source)
{
	struct waiter *waiter = source->waiters;
	struct request *request = waiter->request;
	source->waiters = waiter->next;
	request->cancel = NULL;
	free(waiter);
	return request;
}

static void answer_playlist(struct request *request, const struct source *source)
{
	char *text = playlist_text(&source->playlist, source->camera);
	request_bytes(request, 200, "application/vnd.apple.mpegurl", text, text ? strlen(text) : 0);
}

static void refuse_waiters(struct source *source, unsigned status, const char *reason)
{
	while (source->waiters) {
		struct request *request = take_waiter(source);
		if (!ask_is_refused(request, reason))
			request_problem(request, status, "camera %s: %s", source->camera, reason);
	}
}

/* --- from the daemon --- */

static void end_segment(struct source *source)
{
	if (!source->building)
		return;
	playlist_add(&source->playlist, source->building, source->head, source->seconds, source->is_anew);
	source->building = NULL;
	source->is_anew = false;
	while (source->waiters)
		answer_playlist(take_waiter(source), source);
}

static void on_head(void *data, struct chunk *head, bool is_h264)
{
	struct source *source = data;
	end_segment(source);
	chunk_release(source->head);
	source->head = is_h264 ? chunk_reference(head) : NULL;
	source->is_anew = source->playlist.count > 0;
	source->is_mjpeg = !is_h264;
	if (!is_h264)
		refuse_waiters(source, 501, no_h264);
}

static void on_fragment(void *data, const struct fragment *fragment)
{
	struct source *source = data;
	bool is_long = source->seconds + fragment->seconds > source->playlist.target_s;
	if (!source->head)
		return;
	if (source->building && (is_long || (fragment->is_key && source->seconds >= SEGMENT_LEAST_S)))
		end_segment(source);
	if (!source->building) {
		source->building = chunk_create(chunk_bytes(fragment->bytes) * 4);
		source->seconds = 0;
	}
	if (source->building &&
	    chunk_append(&source->building, chunk_data(fragment->bytes), chunk_bytes(fragment->bytes)) == 0) {
		source->seconds += fragment->seconds;
		return;
	}
	chunk_release(source->building); /* no memory: a gap, which players survive */
	source->building = NULL;
	source->is_anew = true;
}

static void on_bytes(void *data, const void *bytes, size_t length, uint64_t left)
{
	(void)left;
	struct source *source = data;
	size_t kept = min_size(length, TEXT_BYTES - 1 - source->text_length);
	memcpy(source->text + source->text_length, bytes, kept);
	source->text_length += kept;
	fragments_feed(&source->fragments, bytes, length); /* what is no video ends soon, and tells why */
}

static void on_end(void *data, const struct error *error)
{
	struct source *source = data;
	source->call = NULL;
	end_segment(source);
	source->text[source->text_length] = '\0';
	source->text[strcspn(source->text, "\r\n")] = '\0';
	if (source->waiters && source->fragments.has_failed)
		refuse_waiters(source, 502, source->text);
	else if (source->waiters && error->code < 0)
		refuse_waiters(source, 503, error->text);
}

static int connect_source(struct source *source, const struct camera *camera, struct error *error)
{
	static const struct fragments_handlers handlers = { .head = on_head, .fragment = on_fragment };
	const struct client_call_params params = {
		.address = { .socket_path = camera->path },
		.line = "stream",
		.reply = CLIENT_BYTES,
		.handlers = { .bytes = on_bytes, .end = on_end },
		.data = source,
		.connect_timeout_s = 5,
	};
	fragments_finish(&source->fragments);
	fragments_init(&source->fragments, &handlers, source);
	source->text_length = 0;
	source->call = client_call_begin(source->hls->web->loop, &params, error);
	return source->call ? 0 : error->code;
}

/* --- sources --- */

static void destroy_source(struct source *source)
{
	struct source **link = &source->hls->sources;
	while (*link != source)
		link = &(*link)->next;
	*link = source->next;
	client_call_cancel(source->call);
	loop_remove(source->timer);
	fragments_finish(&source->fragments);
	playlist_finish(&source->playlist);
	chunk_release(source->head);
	chunk_release(source->building);
	free(source);
}

static void on_second(void *data, uint32_t times)
{
	(void)times;
	struct source *source = data;
	struct error error = { 0 };
	int64_t now_ns = clock_now_ns();
	const struct camera *camera = cameras_find(source->hls->web->cameras, source->camera);
	if (!source->waiters && now_ns - source->asked_ns > (int64_t)UNUSED_S * CLOCK_NS_PER_S) {
		destroy_source(source);
		return;
	}
	if (!source->call && camera)
		connect_source(source, camera, &error);
	if (source->waiters && now_ns - source->asked_ns > (int64_t)PATIENCE_S * CLOCK_NS_PER_S)
		refuse_waiters(source, 503, "no video has come yet: is there a picture?");
}

static struct source *create_source(struct hls *hls, const struct camera *camera, struct error *error)
{
	struct source *source = calloc(1, sizeof *source);
	if (!source) {
		error_set(error, -ENOMEM, "no memory for live video");
		return NULL;
	}
	source->hls = hls;
	strcpy(source->camera, camera->name);
	playlist_init(&source->playlist, (uint64_t)(clock_wall_ns() / CLOCK_NS_PER_S));
	source->next = hls->sources;
	hls->sources = source;
	source->timer = loop_add_timer(hls->web->loop, on_second, source);
	if (!source->timer)
		error_set_errno(error, -errno, "cannot make a timer for live video");
	else if (loop_set_timer(source->timer, CLOCK_NS_PER_S, CLOCK_NS_PER_S) == 0 &&
	         connect_source(source, camera, error) == 0)
		return source;
	destroy_source(source);
	return NULL;
}

static struct source *find_source(const struct hls *hls, const struct camera *camera)
{
	for (struct source *source = hls->sources; source; source = source->next)
		if (strcmp(source->camera, camera->name) == 0)
			return source;
	return NULL;
}

/* --- requests --- */

static void wait_for_segment(struct request *request, struct source *source)
{
	struct waiter *waiter = calloc(1, sizeof *waiter);
	if (!waiter) {
		request_respond(request, 500, NULL);
		return;
	}
	*waiter = (struct waiter){ .next = source->waiters, .source = source, .request = request };
	source->waiters = waiter;
	request_wait(request, free_waiter, waiter);
}

void hls_playlist(struct request *request)
{
	struct hls *hls = request->web->hls;
	struct error error = { 0 };
	const struct camera *camera = cameras_of_request(request);
	if (!camera)
		return;
	struct source *source = find_source(hls, camera);
	if (!source)
		source = create_source(hls, camera, &error);
	if (!source) {
		request_problem(request, 503, "camera %s: %s", camera->name, error.text);
		return;
	}
	if (!source->waiters)
		source->asked_ns = clock_now_ns();
	if (source->playlist.count > 0)
		answer_playlist(request, source);
	else if (source->is_mjpeg)
		request_problem(request, 501, "camera %s: %s", camera->name, no_h264);
	else
		wait_for_segment(request, source);
}

static void release(void *data)
{
	chunk_release(data);
}

void hls_part(struct request *request)
{
	uint64_t number = 0;
	int end = 0; /* of the number */
	const struct camera *camera = cameras_of_request(request);
	if (!camera)
		return;
	struct source *source = find_source(request->web->hls, camera);
	struct chunk *bytes = NULL;
	sscanf(request->tail, "%20" SCNu64 "%n", &number, &end);
	if (source && strcmp(request->tail + end, ".m4s") == 0)
		bytes = playlist_segment(&source->playlist, number);
	else if (source && strcmp(request->tail + end, ".mp4") == 0)
		bytes = playlist_head(&source->playlist, number);
	if (!bytes) {
		request_problem(request, 404, "that piece of live video is not kept any more: /live.m3u8 names those that are");
		return;
	}
	source->asked_ns = clock_now_ns();
	void *read_only = (void *)(uintptr_t)chunk_data(bytes); /* libmicrohttpd does not write to it */
	struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
	    chunk_bytes(bytes), read_only, release, chunk_reference(bytes));
	if (!response)
		chunk_release(bytes);
	else
		response_header(response, "Content-Type", "video/mp4");
	if (response)
		response_header(response, "Cache-Control", "private, max-age=60");
	request_respond(request, 200, response);
}

struct hls *hls_create(struct web *web, struct error *error)
{
	struct hls *hls = calloc(1, sizeof *hls);
	if (hls)
		hls->web = web;
	else
		error_set(error, -ENOMEM, "no memory for live video");
	return hls;
}

void hls_destroy(struct hls *hls)
{
	if (!hls)
		return;
	for (struct source *source = hls->sources, *next; source; source = next) {
		next = source->next;
		destroy_source(source);
	}
	free(hls);
}
