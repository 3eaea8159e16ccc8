#include "pictures.h"

#include <errno.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "base/utf8.h"
#include "response.h"
#include "turns.h"

enum { MOMENT_BYTES = 64, WIDTH_MAX = 8192, COUNT_MAX = 4096, REPLY_TIMEOUT_S = 30 };
enum { READ_S = 30, READ_RATE = 64 * 1024 }; /* how long a client may take to read one, at how many bytes a second */

static const struct {
	const char *extension, *word, *type;
} formats[] = {
	{ "jpg", "jpg", "image/jpeg" },
	{ "jpeg", "jpg", "image/jpeg" },
	{ "png", "png", "image/png" },
	{ "npy", "npy", "application/octet-stream" },
};

/* "-5.jpg" into "-5" and the index of its format; -1 when that is none. */
static int split(const char *tail, char moment[MOMENT_BYTES])
{
	const char *dot = strrchr(tail, '.');
	if (!dot || dot - tail >= MOMENT_BYTES)
		return -1;
	memcpy(moment, tail, (size_t)(dot - tail));
	moment[dot - tail] = '\0';
	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
		if (strcmp(dot + 1, formats[i].extension) == 0)
			return (int)i;
	return -1;
}

static int check_numbers(const struct target *target, struct error *error)
{
	long number = 0;
	int result = target_number(target, "width", 16, WIDTH_MAX, &number, error);
	return result < 0 ? result : target_number(target, "count", 1, COUNT_MAX, &number, error);
}

int pictures_line(const struct target *target, const char *tail, const char *accept, struct line *line,
                  struct error *error)
{
	char moment[MOMENT_BYTES];
	int format = split(tail, moment);
	*line = LINE_NULL;
	if (format < 0)
		return error_set(error, -EINVAL, "\"%.*s\" must be a moment and jpg, png or npy, such as -5.jpg",
		                 utf8_fit(tail, 60), tail);
	int result = line_check_moment(moment, error);
	if (result == 0)
		result = check_numbers(target, error);
	if (result < 0)
		return result;
	bool is_now = strcmp(moment, "now") == 0;
	line_word(line, "get", error);
	line_word(line, formats[format].word, error);
	line_pair(line, "at", is_now && accept ? accept : moment, error);
	line_pair(line, "count", target_value(target, "count"), error);
	line_pair(line, "mode", target_value(target, "mode"), error);
	line_pair(line, "width", target_value(target, "width"), error);
	if (target_value(target, "mixed"))
		line_word(line, "mixed", error);
	return line_word(line, "meta", error);
}

/* What a program or the page wants to know of a picture: which frame it is, when it was, and from where. */
static void add_facts(struct MHD_Response *response, const cJSON *meta)
{
	char text[64];
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(meta, "id");
	const cJSON *epoch = cJSON_GetObjectItemCaseSensitive(meta, "epoch");
	const cJSON *age = cJSON_GetObjectItemCaseSensitive(meta, "age_s");
	const cJSON *tier = cJSON_GetObjectItemCaseSensitive(meta, "tier");
	if (cJSON_IsNumber(id)) {
		snprintf(text, sizeof text, "%.0f", id->valuedouble);
		response_header(response, "Pastcam-Frame", text);
	}
	if (cJSON_IsNumber(epoch)) {
		char date[HTTP_DATE_BYTES];
		response_format_date((int64_t)epoch->valuedouble, date);
		response_header(response, "Memento-Datetime", date);
		snprintf(text, sizeof text, "%.6f", epoch->valuedouble);
		response_header(response, "Pastcam-Epoch", text);
	}
	if (cJSON_IsNumber(age)) {
		snprintf(text, sizeof text, "%.3f", age->valuedouble);
		response_header(response, "Pastcam-Age", text);
	}
	if (cJSON_IsString(tier) && !strpbrk(tier->valuestring, "\r\n"))
		response_header(response, "Pastcam-Tier", tier->valuestring);
}

static const char *type_of(const cJSON *meta)
{
	const cJSON *format = cJSON_GetObjectItemCaseSensitive(meta, "format");
	for (size_t i = 0; cJSON_IsString(format) && i < sizeof formats / sizeof formats[0]; i++)
		if (strcmp(formats[i].word, format->valuestring) == 0)
			return formats[i].type;
	return "application/octet-stream";
}

static void on_picture(struct request *request, struct ask_reply *reply)
{
	cJSON *meta = cJSON_Parse(reply->text);
	struct MHD_Response *response = NULL;
	if (!meta || !reply->bytes) {
		cJSON_Delete(meta);
		request_problem(request, 502, "pastcam answered with something else than a picture: %.*s",
		                utf8_fit(reply->text, 200), reply->text);
		return;
	}
	response = MHD_create_response_from_buffer_with_free_callback_cls(reply->byte_count, reply->bytes, turns_let_go,
	                                                                  reply->bytes);
	peer_finish_within(request->peer, READ_S + (double)reply->byte_count / READ_RATE);
	if (response) {
		reply->bytes = NULL;
		response_header(response, "Content-Type", type_of(meta));
		response_header(response, "Vary", "Accept-Datetime");
		add_facts(response, meta);
	}
	cJSON_Delete(meta);
	request_respond(request, 200, response);
}

void pictures_get(struct request *request)
{
	struct line line;
	struct error error = { 0 };
	char accept[32] = "";
	const char *date = request_header(request, "Accept-Datetime");
	if (date) {
		int64_t epoch_s = response_parse_date(date);
		if (epoch_s < 0) {
			request_problem(request, 400, "Accept-Datetime must be like Thu, 26 Nov 2026 10:15:00 GMT");
			return;
		}
		snprintf(accept, sizeof accept, "%" PRId64, epoch_s);
	}
	if (pictures_line(&request->target, request->tail, date ? accept : NULL, &line, &error) < 0) {
		request_bad(request, &error);
		return;
	}
	const struct camera *camera = cameras_of_request(request);
	if (camera)
		ask_camera(request, camera, line.text, true, REPLY_TIMEOUT_S, on_picture);
}
