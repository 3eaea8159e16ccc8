/* Addresses, ranges, cookies and bodies that strangers send to pastcam-web. */
#include "fuzz.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "web/auth.h"
#include "web/clips.h"
#include "web/commands.h"
#include "web/fragments.h"
#include "web/history_query.h"
#include "web/motion.h"
#include "web/origin.h"
#include "web/pictures.h"
#include "web/range.h"
#include "web/routes.h"

static void check_line(const struct line *line)
{
	FUZZ_CHECK(strlen(line->text) == line->length && line->length < sizeof line->text);
	for (const char *byte = line->text; *byte; byte++)
		FUZZ_CHECK((unsigned char)*byte >= ' ' && *byte != 0x7f);
}

static void check_target(const char *text)
{
	struct target target;
	struct error error = { .code = 0 };
	const char *tail;
	unsigned allowed;
	int result = target_parse(&target, text, &error);
	FUZZ_CHECK(result == 0 || (error.text[0] && target.count == 0));
	FUZZ_CHECK(target.path[0] == '/' && !strstr(target.path, "/../") && !strpbrk(target.path, "\r\n\\"));
	const struct route *route = routes_find(target.path, METHOD_GET, &tail, &allowed);
	FUZZ_CHECK(!route || allowed & METHOD_GET);
	FUZZ_CHECK(!strpbrk(tail, "/") || strncmp(target.path, "/at/", 4) == 0 ||
	           strncmp(target.path, "/captures/", 10) == 0 || strncmp(target.path, "/api/pins/", 10) == 0 ||
	           strncmp(target.path, "/clip/", 6) == 0 || strncmp(target.path, "/live/", 6) == 0);
	struct line line;
	if (pictures_line(&target, tail, NULL, &line, &error) == 0)
		check_line(&line);
	if (clips_line(tail, &line, &error) == 0)
		check_line(&line);
	struct history_query query;
	if (history_query_parse(&query, &target, INT64_C(1800000000000), &error) == 0)
		FUZZ_CHECK(query.limit >= 1 && query.limit <= HISTORY_LIMIT_MOST && query.type_count <= HISTORY_TYPES_MAX);
}

static void check_range(const char *text)
{
	struct range range;
	enum range_kind kind = range_parse(text, 1000, &range);
	FUZZ_CHECK(kind == RANGE_NONE || (range.first <= range.last && range.last < 1000));
}

static void check_body(const char *text)
{
	struct line line;
	struct error error = { .code = 0 };
	cJSON *json = strlen(text) < 4096 ? cJSON_Parse(text) : NULL;
	if (cJSON_IsObject(json)) {
		commands_line(&line, "past", "formats at count", json, &error);
		check_line(&line);
		motion_line(&line, json, &error);
		check_line(&line);
	}
	cJSON_Delete(json);
	cJSON_Delete(motion_parse_reply(text));
}

static void on_head(void *data, struct chunk *head, bool is_h264)
{
	(void)is_h264;
	*(size_t *)data += chunk_bytes(head);
}

static void on_fragment(void *data, const struct fragment *fragment)
{
	FUZZ_CHECK(fragment->seconds >= 0);
	*(size_t *)data += chunk_bytes(fragment->bytes);
}

/* As they come from a daemon, in pieces. */
static void check_fragments(const uint8_t *data, size_t bytes)
{
	static const struct fragments_handlers handlers = { on_head, on_fragment };
	struct fragments fragments;
	size_t taken = 0, half = bytes / 2;
	fragments_init(&fragments, &handlers, &taken);
	if (fragments_feed(&fragments, data, half) == 0)
		fragments_feed(&fragments, data + half, bytes - half);
	FUZZ_CHECK(taken <= bytes);
	fragments_finish(&fragments);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	char *text = fuzz_text(data, bytes), value[64];
	check_target(text);
	check_range(text);
	check_body(text);
	check_fragments(data, bytes);
	auth_cookie(text, AUTH_COOKIE, value, sizeof value);
	origin_host_is_ours(text, "pi", text);
	const struct origin_headers headers = { .host = text, .origin = text, .fetch_site = text };
	origin_may_write(&headers, text);
	free(text);
	return 0;
}
