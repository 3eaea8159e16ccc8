#include "response.h"

#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "origin.h"

static const char policy[] = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
                             "media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; form-action 'self'; "
                             "base-uri 'none'; frame-ancestors 'none'";

void response_header(struct MHD_Response *response, const char *name, const char *value)
{
	MHD_add_response_header(response, name, value);
}

static void add_unless_there(struct MHD_Response *response, const char *name, const char *value)
{
	if (!MHD_get_response_header(response, name))
		response_header(response, name, value);
}

void response_add_common(const struct request *request, struct MHD_Response *response)
{
	const char *origin = request_header(request, "Origin");
	const char *origins = request->web->config->web.cors_origins;
	bool is_shared = origin && origin_is_listed(origin, origins);
	add_unless_there(response, "Cache-Control", "no-store");
	add_unless_there(response, "Content-Security-Policy", policy);
	add_unless_there(response, "X-Content-Type-Options", "nosniff");
	add_unless_there(response, "Referrer-Policy", "no-referrer");
	add_unless_there(response, "Cross-Origin-Resource-Policy", origins[0] ? "cross-origin" : "same-origin");
	add_unless_there(response, "Cross-Origin-Opener-Policy", "same-origin");
	if (request->web->tls)
		add_unless_there(response, "Strict-Transport-Security", "max-age=31536000");
	if (origins[0])
		add_unless_there(response, "Vary", "Origin");
	if (!is_shared)
		return;
	add_unless_there(response, "Access-Control-Allow-Origin", origin);
	add_unless_there(response, "Access-Control-Expose-Headers",
	                 "Memento-Datetime, Pastcam-Frame, Pastcam-Epoch, Pastcam-Tier, ETag");
}

char *response_problem_text(unsigned status, const char *detail)
{
	cJSON *problem = cJSON_CreateObject();
	cJSON_AddStringToObject(problem, "type", "about:blank");
	cJSON_AddStringToObject(problem, "title", MHD_get_reason_phrase_for(status));
	cJSON_AddNumberToObject(problem, "status", status);
	cJSON_AddStringToObject(problem, "detail", detail);
	char *text = cJSON_PrintUnformatted(problem);
	cJSON_Delete(problem);
	return text;
}

unsigned response_status_of_refusal(const char *line)
{
	static const struct {
		const char *word;
		unsigned status;
	} known[] = {
		{ "NO_FRAMES", 404 },    { "NO_DATA", 404 },         { "BUSY", 503 },    { "NOT_SENT", 422 },
		{ "NOT_SAVED", 422 },    { "NOT_PINNED", 422 },      { "NO_CLIP", 404 }, { "NOT_DROPPED", 404 },
		{ "UNAUTHORISED", 502 }, { "UNKNOWN_COMMAND", 501 },
	};
	size_t length = strcspn(line, " :");
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strlen(known[i].word) == length && strncmp(line, known[i].word, length) == 0)
			return known[i].status;
	return 422;
}

void response_format_date(int64_t epoch_s, char text[HTTP_DATE_BYTES])
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
		                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t moment = (time_t)epoch_s;
	struct tm parts;
	if (!gmtime_r(&moment, &parts) || parts.tm_year < -1900 || parts.tm_year > 8099) {
		text[0] = '\0';
		return;
	}
	snprintf(text, HTTP_DATE_BYTES, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[parts.tm_wday], parts.tm_mday % 100,
	         months[parts.tm_mon], (parts.tm_year + 1900) % 10000, parts.tm_hour % 100, parts.tm_min % 100,
	         parts.tm_sec % 100);
}

int64_t response_parse_date(const char *text)
{
	struct tm parts = { 0 };
	const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
	return end && *end == '\0' ? (int64_t)timegm(&parts) : -1;
}
