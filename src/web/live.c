/*
 * A browser paints a part of multipart/x-mixed-replace only when the next boundary has come, so the boundary goes out
 * right behind each picture, not in front of the next.
 */
#include "live.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "base/clock.h"
#include "response.h"

#define BOUNDARY "--pastcam\r\n"

enum {
	PATIENCE_S = 4, /* until a viewer is let in without a picture */
	FRAME_BYTES_MAX = 64 * 1024 * 1024,
	HEAD_BYTES = 256,
	BLOCK_BYTES = 16 * 1024,
	SOURCES_MAX = 32,
	VIEWERS_MAX = 128
};

/* One part: its headers, the picture, the boundary. */
struct part {
	unsigned references;
	uint64_t number;
	size_t length, capacity;
	char bytes[];
};

struct viewer {
	struct viewer *next;
	struct source *source;
	struct peer *peer;
	struct request *request; /* until it is answered: with the first picture, or why there is none */
	struct loop_watch *patience;
	struct part *part; /* being sent */
	size_t sent;       /* of part */
	uint64_t number;   /* of the last part begun */
	bool has_boundary; /* the first boundary is out */
};

struct source {
	struct source *next;
	struct live *live;
	char camera[33];
	struct line line;
	struct client_call *call;
	struct loop_watch *retry;
	struct part *latest, *building;
	uint64_t parts;
	struct viewer *viewers;
};

struct live {
	struct web *web;
	struct source *sources;
	size_t viewers;
};

/* --- parts --- */

static void release(struct part *part)
{
	if (part && --part->references == 0)
		free(part);
}

static double number_of(const cJSON *json, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, name);
	return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static struct part *begin_part(const char *meta, size_t bytes)
{
	size_t capacity = HEAD_BYTES + bytes + 2 + sizeof BOUNDARY;
	struct part *part = bytes <= FRAME_BYTES_MAX ? malloc(sizeof *part + capacity) : NULL;
	cJSON *json = part ? cJSON_Parse(meta) : NULL;
	if (!part)
		return NULL;
	int head = snprintf(part->bytes, HEAD_BYTES,
	                    "Content-Type: image/jpeg\r\nContent-Length: %zu\r\nPastcam-Frame: %.0f\r\n"
	                    "Pastcam-Epoch: %.6f\r\n\r\n",
	                    bytes, number_of(json, "id"), number_of(json, "epoch"));
	cJSON_Delete(json);
	*part = (struct part){ .references = 1, .length = (size_t)head, .capacity = capacity };
	return part;
}

static void append(struct part *part, const void *bytes, size_t length)
{
	if (length > part->capacity - part->length)
		return;
	memcpy(part->bytes + part->length, bytes, length);
	part->length += length;
}

/* --- from the daemon --- */

static void connect_source(struct source *source);
static void begin_stream(struct viewer *viewer);
static void free_viewer(void *data);

/* A line without a picture says why there will be none. */
static void refuse_waiting(struct source *source, const char *line)
{
	for (struct viewer *viewer = source->viewers, *next; viewer; viewer = next) {
		next = viewer->next;
		if (!viewer->request)
			continue;
		struct request *request = viewer->request;
		request->cancel = NULL;
		free_viewer(viewer); /* with the last one goes the source */
		if (!ask_is_refused(request, line))
			request_problem(request, 502, "pastcam answered with something else than pictures");
	}
}

static void on_line(void *data, const char *line, size_t length, uint64_t bytes)
{
	(void)length;
	struct source *source = data;
	if (bytes == 0) {
		refuse_waiting(source, line);
		return;
	}
	release(source->building);
	source->building = begin_part(line, (size_t)bytes);
}

static void on_bytes(void *data, const void *bytes, size_t length, uint64_t left)
{
	struct source *source = data;
	if (!source->building)
		return;
	append(source->building, bytes, length);
	if (left > 0)
		return;
	append(source->building, "\r\n" BOUNDARY, 2 + sizeof BOUNDARY - 1);
	source->building->number = ++source->parts;
	release(source->latest);
	source->latest = source->building;
	source->building = NULL;
	for (struct viewer *viewer = source->viewers, *next; viewer; viewer = next) {
		next = viewer->next;
		if (viewer->request)
			begin_stream(viewer);
		else
			peer_resume(viewer->peer);
	}
}

static void on_end(void *data, const struct error *error)
{
	(void)error;
	struct source *source = data;
	source->call = NULL;
	release(source->building);
	release(source->latest); /* nobody is shown it as live any more */
	source->building = source->latest = NULL;
	loop_set_timer(source->retry, CLOCK_NS_PER_S, 0);
}

static void on_retry(void *data, uint32_t times)
{
	(void)times;
	struct source *source = data;
	if (!source->call)
		connect_source(source);
}

static int begin_call(struct source *source, const struct camera *camera, struct error *error)
{
	const struct client_call_params params = {
		.address = { .socket_path = camera->path },
		.line = source->line.text,
		.reply = CLIENT_FRAMES,
		.handlers = { .line = on_line, .bytes = on_bytes, .end = on_end },
		.data = source,
		.connect_timeout_s = 5,
		.reply_timeout_s = 0, /* the camera may be away: its daemon sends when there is something */
	};
	source->call = client_call_begin(source->live->web->loop, &params, error);
	return source->call ? 0 : error->code;
}

static void connect_source(struct source *source)
{
	struct error error = { 0 };
	const struct camera *camera = cameras_find(source->live->web->cameras, source->camera);
	if (!camera || begin_call(source, camera, &error) < 0)
		loop_set_timer(source->retry, CLOCK_NS_PER_S, 0);
}

/* --- sources --- */

static void destroy_source(struct source *source)
{
	struct source **link = &source->live->sources;
	while (*link != source)
		link = &(*link)->next;
	*link = source->next;
	client_call_cancel(source->call);
	loop_remove(source->retry);
	release(source->latest);
	release(source->building);
	free(source);
}

static struct source *create_source(struct live *live, const struct camera *camera, const struct line *line,
                                    struct error *error)
{
	size_t count = 0;
	for (struct source *other = live->sources; other; other = other->next)
		count++;
	struct source *source = count < SOURCES_MAX ? calloc(1, sizeof *source) : NULL;
	if (!source) {
		error_set(error, -EAGAIN, "too many different live pictures are watched at once");
		return NULL;
	}
	source->live = live;
	source->line = *line;
	strcpy(source->camera, camera->name);
	source->next = live->sources;
	live->sources = source;
	source->retry = loop_add_timer(live->web->loop, on_retry, source);
	if (source->retry && begin_call(source, camera, error) == 0)
		return source;
	destroy_source(source);
	return NULL;
}

static struct source *find_source(struct live *live, const struct camera *camera, const struct line *line,
                                  struct error *error)
{
	for (struct source *source = live->sources; source; source = source->next)
		if (strcmp(source->camera, camera->name) == 0 && strcmp(source->line.text, line->text) == 0)
			return source->call || begin_call(source, camera, error) == 0 ? source : NULL;
	return create_source(live, camera, line, error);
}

/* --- to the viewer --- */

static ssize_t read_viewer(void *data, uint64_t position, char *buffer, size_t room)
{
	(void)position;
	struct viewer *viewer = data;
	if (!viewer->has_boundary && room >= sizeof BOUNDARY) {
		viewer->has_boundary = true;
		memcpy(buffer, BOUNDARY, sizeof BOUNDARY - 1);
		return sizeof BOUNDARY - 1;
	}
	struct part *latest = viewer->source->latest;
	if (!viewer->part && latest && latest->number != viewer->number) {
		viewer->part = latest;
		viewer->number = latest->number;
		viewer->sent = 0;
		latest->references++;
	}
	if (!viewer->part) {
		peer_suspend(viewer->peer);
		return 0;
	}
	size_t length = viewer->part->length - viewer->sent;
	if (length > room)
		length = room;
	memcpy(buffer, viewer->part->bytes + viewer->sent, length);
	viewer->sent += length;
	if (viewer->sent == viewer->part->length) {
		release(viewer->part);
		viewer->part = NULL;
	}
	return (ssize_t)length;
}

static void free_viewer(void *data)
{
	struct viewer *viewer = data;
	struct source *source = viewer->source;
	struct viewer **link = &source->viewers;
	while (*link != viewer)
		link = &(*link)->next;
	*link = viewer->next;
	source->live->viewers--;
	loop_remove(viewer->patience);
	release(viewer->part);
	free(viewer);
	if (!source->viewers)
		destroy_source(source);
}

static void begin_stream(struct viewer *viewer)
{
	struct request *request = viewer->request;
	struct MHD_Response *response =
	    MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_viewer, viewer, free_viewer);
	viewer->request = NULL;
	request->cancel = NULL;
	if (!response)
		free_viewer(viewer);
	else
		response_header(response, "Content-Type", "multipart/x-mixed-replace; boundary=pastcam");
	peer_set_state(request->peer, PEER_STREAMING);
	request_respond(request, 200, response);
}

/* The camera is away, it seems: the viewer is told that pictures will come, and sees them when they do. */
static void on_patience(void *data, uint32_t times)
{
	(void)times;
	struct viewer *viewer = data;
	if (viewer->request)
		begin_stream(viewer);
}

static struct viewer *add_viewer(struct source *source, struct request *request)
{
	struct loop *loop = source->live->web->loop;
	struct viewer *viewer = calloc(1, sizeof *viewer);
	struct loop_watch *patience = viewer ? loop_add_timer(loop, on_patience, viewer) : NULL;
	if (!patience || loop_set_timer(patience, (int64_t)PATIENCE_S * CLOCK_NS_PER_S, 0) < 0) {
		loop_remove(patience);
		free(viewer);
		if (!source->viewers)
			destroy_source(source);
		return NULL;
	}
	*viewer = (struct viewer){
		.next = source->viewers, .source = source, .peer = request->peer, .request = request, .patience = patience
	};
	source->viewers = viewer;
	source->live->viewers++;
	return viewer;
}

static int make_line(const struct target *target, struct line *line, struct error *error)
{
	long number = 0;
	int result = target_number(target, "width", 16, 8192, &number, error);
	if (result == 0)
		result = target_number(target, "fps", 1, 240, &number, error);
	if (result < 0)
		return result;
	*line = LINE_NULL;
	line_word(line, "live", error);
	line_pair(line, "fps", target_value(target, "fps"), error);
	line_pair(line, "width", target_value(target, "width"), error);
	return line_word(line, "meta", error);
}

void live_get(struct request *request)
{
	struct line line;
	struct error error = { 0 };
	struct live *live = request->web->live;
	if (make_line(&request->target, &line, &error) < 0) {
		request_bad(request, &error);
		return;
	}
	const struct camera *camera = cameras_of_request(request);
	if (!camera)
		return;
	struct source *source = live->viewers < VIEWERS_MAX ? find_source(live, camera, &line, &error) : NULL;
	struct viewer *viewer = source ? add_viewer(source, request) : NULL;
	if (!viewer)
		request_problem(request, 503, "camera %s: %s", camera->name,
		                error.code < 0 ? error.text : "too many viewers at once");
	else if (source->latest)
		begin_stream(viewer);
	else
		request_wait(request, free_viewer, viewer);
}

struct live *live_create(struct web *web, struct error *error)
{
	struct live *live = calloc(1, sizeof *live);
	if (live)
		live->web = web;
	else
		error_set(error, -ENOMEM, "no memory for live pictures");
	return live;
}

void live_destroy(struct live *live)
{
	free(live);
}

size_t live_viewers(const struct live *live)
{
	return live->viewers;
}
