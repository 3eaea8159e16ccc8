#include "clips.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/number.h"
#include "base/utf8.h"
#include "clip_reply.h"
#include "clip_spool.h"
#include "net/moment.h"
#include "response.h"

enum {
	MOMENT_BYTES = 64,
	BUFFER_BYTES = 512 * 1024, /* what waits for the client; beyond it the daemon waits */
	READ_BYTES = 64 * 1024,    /* of the client library at most, at once */
	BLOCK_BYTES = 32 * 1024,
	REPLY_TIMEOUT_S = 86400,
	CLIPS_MAX = 16,
};

struct clip {
	struct request *request; /* until it is answered */
	struct peer *peer;
	struct client_call *call; /* NULL: all has come */
	char camera[33];
	char *text; /* what waits to be sent */
	size_t length, sent;
	struct clip_boxes boxes;
	int64_t end_ns; /* when its last frame will be there; 0: it is there */
	bool is_paused, has_broken;
};

static size_t under_way;

/* Into BEGIN and END; false: it is not BEGIN..END.mp4. */
static bool split(const char *tail, char begin[MOMENT_BYTES], char end[MOMENT_BYTES])
{
	const char *dots = strstr(tail, ".."), *extension = strrchr(tail, '.');
	if (!dots || extension < dots + 2 || strcmp(extension, ".mp4") != 0 || dots - tail >= MOMENT_BYTES ||
	    extension - dots - 2 >= MOMENT_BYTES)
		return false;
	snprintf(begin, MOMENT_BYTES, "%.*s", (int)(dots - tail), tail);
	snprintf(end, MOMENT_BYTES, "%.*s", (int)(extension - dots - 2), dots + 2);
	return true;
}

int clips_line(const char *tail, struct line *line, struct error *error)
{
	char begin[MOMENT_BYTES], end[MOMENT_BYTES];
	*line = LINE_NULL;
	if (!split(tail, begin, end))
		return error_set(error, -EINVAL, "\"%.*s\" must be two moments and .mp4, such as -30..+10.mp4",
		                 utf8_fit(tail, 80), tail);
	int result = line_check_moment(begin, error);
	if (result == 0)
		result = line_check_moment(end, error);
	if (result < 0)
		return result;
	line_word(line, "get", error);
	line_word(line, "mp4", error);
	line_pair(line, "at", begin, error);
	return line_pair(line, "until", end, error);
}

static void free_clip(void *data)
{
	struct clip *clip = data;
	client_call_cancel(clip->call);
	free(clip->text);
	free(clip);
	under_way--;
}

static ssize_t read_clip(void *data, uint64_t position, char *buffer, size_t room)
{
	(void)position;
	struct clip *clip = data;
	size_t length = min_size(room, clip->length - clip->sent);
	if (length == 0 && !clip->call)
		return clip->has_broken ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
	if (length == 0) {
		if (clip->is_paused)
			client_call_resume(clip->call);
		clip->is_paused = false;
		peer_suspend(clip->peer);
		return 0;
	}
	memcpy(buffer, clip->text + clip->sent, length);
	clip->sent += length;
	return (ssize_t)length;
}

static void begin_stream(struct clip *clip)
{
	struct request *request = clip->request;
	struct MHD_Response *response =
	    MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_clip, clip, free_clip);
	clip->request = NULL;
	request->cancel = NULL;
	if (!response)
		free_clip(clip);
	else
		response_header(response, "Content-Type", "video/mp4");
	if (response && clip->end_ns == 0)
		response_header(response, "Accept-Ranges", "bytes");
	peer_set_state(request->peer, PEER_STREAMING);
	request_respond(request, 200, response);
}

static void on_bytes(void *data, const void *bytes, size_t length, uint64_t left)
{
	(void)left;
	struct clip *clip = data;
	clip->length -= clip->sent;
	memmove(clip->text, clip->text + clip->sent, clip->length);
	clip->sent = 0;
	length = min_size(length, BUFFER_BYTES + READ_BYTES - clip->length); /* there is room: it is paused in time */
	memcpy(clip->text + clip->length, bytes, length);
	clip->length += length;
	clip_boxes_feed(&clip->boxes, bytes, length);
	if (clip->length >= BUFFER_BYTES && !clip->is_paused) {
		clip->is_paused = true;
		client_call_pause(clip->call);
	}
	if (!clip->request)
		peer_resume(clip->peer);
	else if (clip_reply_is_video(clip->text, clip->length))
		begin_stream(clip);
}

/* It ended before there was video: what came is the daemon's sentence, or nothing. */
static void answer_without_video(struct clip *clip, const struct error *error)
{
	struct request *request = clip->request;
	request->cancel = NULL;
	clip_reply_refuse(request, clip->camera, clip->text, min_size(clip->length, BUFFER_BYTES), error);
	free_clip(clip);
}

static void on_end(void *data, const struct error *error)
{
	struct clip *clip = data;
	clip->call = NULL;
	clip->has_broken = error->code < 0 || !clip_boxes_may_end(&clip->boxes) || clock_wall_ns() < clip->end_ns;
	if (clip->request)
		answer_without_video(clip, error);
	else
		peer_resume(clip->peer);
}

static struct clip *create_clip(struct request *request, const struct camera *camera, const char *line,
                                struct error *error)
{
	struct clip *clip = under_way < CLIPS_MAX ? calloc(1, sizeof *clip) : NULL;
	if (clip)
		clip->text = malloc(BUFFER_BYTES + READ_BYTES);
	if (!clip || !clip->text) {
		free(clip);
		error_set(error, -EBUSY, "too many clips are under way: ask again");
		return NULL;
	}
	clip->request = request;
	clip->peer = request->peer;
	strcpy(clip->camera, camera->name);
	const struct client_call_params params = {
		.address = { .socket_path = camera->path },
		.line = line,
		.reply = CLIENT_BYTES,
		.handlers = { .bytes = on_bytes, .end = on_end },
		.data = clip,
		.connect_timeout_s = 5,
		.reply_timeout_s = REPLY_TIMEOUT_S, /* what is still to come is waited for */
	};
	under_way++;
	clip->call = client_call_begin(request->web->loop, &params, error);
	if (clip->call)
		return clip;
	free_clip(clip);
	return NULL;
}

/* When the last of it will have happened; 0 when all of it is past already. */
static int64_t end_of(const char *tail)
{
	char begin[MOMENT_BYTES], end[MOMENT_BYTES];
	struct moment moment;
	int64_t now_ns = clock_wall_ns(), ns = 0;
	if (!split(tail, begin, end))
		return 0;
	if (end[0] == '+')
		return moment_parse_decimal(end + 1, 10, &ns) ? now_ns + ns : 0;
	return moment_parse(end, &moment, NULL) == 0 && moment.wall && moment.ns > now_ns ? moment.ns : 0;
}

static void stream_clip(struct request *request)
{
	struct line line;
	struct error error = { 0 };
	const struct camera *camera = cameras_of_request(request);
	if (!camera)
		return;
	clips_line(request->tail, &line, NULL);
	struct clip *clip = create_clip(request, camera, line.text, &error);
	if (clip)
		clip->end_ns = end_of(request->tail);
	if (clip)
		request_wait(request, free_clip, clip);
	else
		request_problem(request, 503, "camera %s: %s", camera->name, error.text);
}

void clips_get(struct request *request)
{
	struct line line;
	struct error error = { 0 };
	if (clips_line(request->tail, &line, &error) < 0) {
		request_bad(request, &error);
		return;
	}
	const struct camera *camera = cameras_of_request(request);
	if (!camera)
		return;
	if (request_header(request, "Range") && !request->is_head && end_of(request->tail) == 0)
		clip_spool_answer(request, camera, line.text, stream_clip);
	else
		stream_clip(request);
}
