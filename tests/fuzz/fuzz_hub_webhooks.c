/* hub.webhooks and hub.uploads, bodies of one's own, addresses of objects. */
#include "fuzz.h"

#include <string.h>

#include "hub/rules.h"
#include "hub/upload_targets.h"
#include "hub/webhook_targets.h"

static void check_fill(const char *body, const struct hub_event *event)
{
	char out[256], small[8];
	for (enum rule_fill fill = FILL_WORD; fill <= FILL_TEXT; fill++) {
		if (rule_fill_in(body, fill, event, "yard", out, sizeof out) == 0)
			FUZZ_CHECK(strlen(out) < sizeof out);
		rule_fill_in(body, fill, event, "yard", small, sizeof small);
		FUZZ_CHECK(strlen(small) < sizeof small);
	}
}

static void check_object(const char *text)
{
	static struct upload_targets uploads;
	struct upload_target target = { .url = "https://s3/b" };
	struct error error = { .code = 0 };
	char object[UPLOAD_OBJECT_BYTES];
	if (!strstr(text, "_file") && upload_targets_parse(text, &uploads, &error) < 0)
		FUZZ_CHECK(error.text[0]);
	snprintf(target.url, sizeof target.url, "http://s3/%s", text);
	if (upload_object(&target, text, "yard", 0, text, object) == 0)
		for (const char *byte = object; *byte; byte++)
			FUZZ_CHECK(*byte > ' ' && *byte < 0x7f && *byte != '?' && *byte != '#');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct webhook_targets targets;
	static const char line[] = "{\"event\":\"trigger\",\"id\":\"aa-1\",\"epoch\":1,\"label\":\"a\\\"\\\\\\nb\"}";
	char *text = fuzz_text(data, bytes);
	struct error error = { .code = 0 };
	struct hub_event event;
	FUZZ_CHECK(event_parse(&event, "yard", line, &error) == 0);
	if (!strstr(text, "_file") && webhook_targets_parse(text, &targets, &error) < 0)
		FUZZ_CHECK(error.text[0]);
	for (size_t i = 0; i < targets.count; i++) {
		FUZZ_CHECK(webhook_is_url(targets.at[i].url) && targets.at[i].name[0]);
		for (size_t j = 0; j < targets.at[i].header_count; j++)
			FUZZ_CHECK(!strpbrk(targets.at[i].headers[j], "\r\n"));
	}
	check_fill(text, &event);
	check_object(text);
	event_finish(&event);
	free(text);
	return 0;
}
