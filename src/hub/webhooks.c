#include "webhooks.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "deliveries.h"
#include "rules.h"
#include "sha256.h"
#include "webhook_targets.h"

enum { BODY_ROOM = 16 * 1024 };

static_assert((int)WEBHOOK_TARGETS_MAX <= (int)DELIVERY_TARGETS_MAX, "each webhook has its place in the queue");

struct webhooks {
	const struct config *config;
	struct webhook_targets targets;
	struct deliveries *deliveries;
};

/* --- making one --- */

/* Without a body of the target's own: the event, the rule, and where its picture is. */
static char *default_body(const struct webhooks *webhooks, const char *rule, const char *camera,
                          const struct hub_event *event, int64_t time_ms)
{
	char time[CLOCK_ISO_BYTES], url[700];
	cJSON *json = event ? cJSON_Duplicate(event->json, true) : cJSON_CreateObject();
	if (!event) {
		clock_format_iso(time_ms * CLOCK_NS_PER_MS, time);
		cJSON_AddStringToObject(json, "time", time);
		cJSON_AddStringToObject(json, "camera", camera);
	}
	cJSON_AddStringToObject(json, "rule", rule);
	if (event && event_url(event, webhooks->config->hub.page_url, url, sizeof url))
		cJSON_AddStringToObject(json, "url", url);
	char *text = cJSON_PrintUnformatted(json);
	cJSON_Delete(json);
	return text;
}

static char *make_body(const struct webhooks *webhooks, const struct webhook_target *target, const char *rule,
                       const char *camera, const struct hub_event *event, int64_t time_ms)
{
	if (target->body[0] == '\0')
		return default_body(webhooks, rule, camera, event, time_ms);
	char *text = malloc(BODY_ROOM);
	enum rule_fill fill = target->body[0] == '{' || target->body[0] == '[' ? FILL_JSON : FILL_TEXT;
	if (text && rule_fill_in(target->body, fill, event, camera, text, BODY_ROOM) == 0)
		return text;
	free(text);
	return NULL;
}

/* The same for the same event, so that one that is read again makes no second delivery. */
static int make_key(const char *target, const char *rule, const char *camera, const struct hub_event *event,
                    int64_t time_ms, char key[DELIVERY_KEY_BYTES])
{
	char text[1024];
	snprintf(text, sizeof text, "%s\n%s\n%s\n%s\n%" PRId64, target, rule, camera, event ? event->id : "",
	         event ? 0 : time_ms);
	return deliveries_key(text, key);
}

void webhooks_send(struct webhooks *webhooks, const char *name, const char *rule, const char *camera,
                   const struct hub_event *event, int64_t time_ms)
{
	struct webhook_target *target = webhook_targets_find(&webhooks->targets, name);
	char key[DELIVERY_KEY_BYTES];
	char *body = target ? make_body(webhooks, target, rule, camera, event, time_ms) : NULL;
	const char *path = event && target && target->attach ? event_text(event, "path") : "";
	if (body && make_key(name, rule, camera, event, time_ms, key) == 0)
		deliveries_add(webhooks->deliveries, (size_t)(target - webhooks->targets.at), key, body, path);
	else
		log_warning("Rule \"%s\": no webhook for %.100s can be made: its body becomes too long, or memory is out", rule,
		            name);
	free(body);
}

/* --- sending --- */

static void add_header(struct http_job *job, size_t *count, const char *name, const char *value)
{
	char *header = NULL;
	if (*count < HTTP_HEADERS_MAX && asprintf(&header, "%s: %s", name, value) > 0)
		job->headers[(*count)++] = header;
}

static void add_headers(struct http_job *job, const struct webhook_target *target, const char *key)
{
	char value[SECRET_BYTES + 16], hex[SHA256_HEX_BYTES];
	size_t count = 0;
	add_header(job, &count, "Idempotency-Key", key);
	if (target->secret[0] &&
	    sha256_hmac(target->secret, strlen(target->secret), job->body, strlen(job->body), hex) == 0) {
		snprintf(value, sizeof value, "sha256=%s", hex);
		add_header(job, &count, "X-Hub-Signature-256", value);
	}
	if (target->token[0]) {
		snprintf(value, sizeof value, "Bearer %s", target->token);
		add_header(job, &count, "Authorization", value);
	}
	for (size_t i = 0; i < target->header_count && count < HTTP_HEADERS_MAX; i++)
		job->headers[count++] = strdup(target->headers[i]);
}

static const char *target_name(void *data, size_t index)
{
	const struct webhooks *webhooks = data;
	return index < webhooks->targets.count ? webhooks->targets.at[index].name : NULL;
}

static struct http_job *make_job(void *data, size_t index, const struct delivery *delivery, bool *is_over)
{
	(void)is_over;
	const struct webhooks *webhooks = data;
	const struct webhook_target *target = &webhooks->targets.at[index];
	struct http_job *job = http_job_create(delivery->id, target->url, target->timeout_s);
	if (!job)
		return NULL;
	job->body = strdup(delivery->body);
	if (delivery->path[0] && access(delivery->path, R_OK) == 0)
		job->path = strdup(delivery->path);
	else if (delivery->path[0])
		log_warning("The webhook %.100s gets an event without its file %.200s: %s", target->name, delivery->path,
		            strerror(errno));
	bool is_json = job->body && (job->body[0] == '{' || job->body[0] == '[');
	job->content_type = strdup(is_json ? "application/json" : "text/plain; charset=utf-8");
	if (job->body && job->content_type) {
		add_headers(job, target, delivery->key);
		return job;
	}
	http_job_free(job);
	return NULL;
}

/* --- life --- */

static bool is_webhook(const char *target)
{
	return !strchr(target, ' ');
}

struct webhooks *webhooks_create(struct loop *loop, const struct config *config, struct store *store,
                                 struct error *error)
{
	struct webhooks *webhooks = calloc(1, sizeof *webhooks);
	const struct deliveries_params params = {
		.what = "webhook",
		.most = WEBHOOK_QUEUE_MOST,
		.tries = WEBHOOK_TRIES,
		.target = target_name,
		.make = make_job,
		.data = webhooks,
	};
	if (!webhooks) {
		error_set(error, -ENOMEM, "no memory for webhooks");
		return NULL;
	}
	webhooks->config = config;
	if (webhook_targets_parse(config->hub.webhooks, &webhooks->targets, error) == 0)
		webhooks->deliveries = deliveries_create(loop, store, &params, error);
	if (webhooks->deliveries)
		return webhooks;
	webhooks_destroy(webhooks);
	return NULL;
}

int webhooks_begin(struct webhooks *webhooks, struct error *error)
{
	deliveries_drop_strangers(webhooks->deliveries, is_webhook);
	return deliveries_begin(webhooks->deliveries, error);
}

void webhooks_destroy(struct webhooks *webhooks)
{
	if (!webhooks)
		return;
	deliveries_destroy(webhooks->deliveries);
	free(webhooks);
}

bool webhooks_has(struct webhooks *webhooks, const char *target)
{
	return webhook_targets_find(&webhooks->targets, target) != NULL;
}

void webhooks_store_recovered(struct webhooks *webhooks)
{
	deliveries_store_recovered(webhooks->deliveries);
}
