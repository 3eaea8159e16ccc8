#include "daemon.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/loop_service.h"
#include "base/memory.h"
#include "base/notify.h"
#include "cameras.h"
#include "folders.h"
#include "keeper.h"
#include "mqtt.h"
#include "outbox.h"
#include "rule_engine.h"
#include "store.h"
#include "syncer.h"
#include "uploads.h"
#include "webhooks.h"

enum { RELEASE_FIRST_S = 1, RELEASE_EVERY_S = 60 };

/* --- what the parts tell --- */

static void on_event(void *data, struct camera *camera, const struct hub_event *event, bool is_again)
{
	struct hub *hub = data;
	int stored = store_event(hub->store, event);
	bool is_lost = strcmp(event->type, "lost") == 0;
	if (is_lost)
		log_warning("Camera %s: events are missing here that were told before they could be read; their files will be "
		            "found",
		            event->camera);
	if (is_lost || strcmp(event->type, "pin.kept") == 0)
		keeper_scan(hub->keeper);
	/* One that was there already was told together with being stored. One that was handed on but never written has
	 * taken with it what was to be told of it, which may come twice now, with the same id. */
	if (is_again && (stored <= 0 || camera_has_kept(camera, event)))
		return;
	if (hub->mqtt && stored != 0)
		mqtt_event(hub->mqtt, camera, event);
	if (!is_lost)
		rule_engine_event(hub->rules, camera, event, is_again);
}

static void on_change(void *data, struct camera *camera)
{
	const struct hub *hub = data;
	if (hub->mqtt && hub->cameras)
		mqtt_camera_changed(hub->mqtt, camera);
}

static void on_status(void *data, struct camera *camera, const cJSON *status)
{
	const struct hub *hub = data;
	if (hub->mqtt)
		mqtt_camera_status(hub->mqtt, camera, status);
}

static void on_rule_mqtt(void *data, const char *topic, const char *payload)
{
	const struct hub *hub = data;
	mqtt_say(hub->mqtt, topic, payload);
}

static void find_cursor(void *data, const char *camera, char id[HUB_ID_BYTES])
{
	const struct hub *hub = data;
	store_cursor(hub->store, camera, id);
}

static void on_written(void *data)
{
	const struct hub *hub = data;
	if (hub->cameras)
		cameras_all_kept(hub->cameras);
	if (hub->syncer)
		syncer_batch_written(hub->syncer);
	if (hub->keeper)
		keeper_batch_written(hub->keeper);
	if (hub->uploads)
		uploads_batch_written(hub->uploads);
}

static void on_rule_webhook(void *data, const char *target, const char *rule, const char *camera,
                            const struct hub_event *event, int64_t time_ms)
{
	const struct hub *hub = data;
	webhooks_send(hub->webhooks, target, rule, camera, event, time_ms);
}

static bool has_webhook(void *data, const char *target)
{
	const struct hub *hub = data;
	return webhooks_has(hub->webhooks, target);
}

static void on_rule_upload(void *data, const char *target, const struct hub_event *event)
{
	const struct hub *hub = data;
	uploads_send(hub->uploads, target, event);
}

static bool has_upload(void *data, const char *target)
{
	const struct hub *hub = data;
	return uploads_has(hub->uploads, target);
}

/* What was not stored is read again; the cameras have not gone on without the store. */
static void on_recovered(void *data)
{
	const struct hub *hub = data;
	for (size_t i = 0; i < cameras_count(hub->cameras); i++) {
		char id[HUB_ID_BYTES];
		struct camera *camera = cameras_at(hub->cameras, i);
		store_cursor(hub->store, camera_name(camera), id);
		camera_read_again(camera, id);
	}
	if (hub->mqtt)
		mqtt_store_recovered(hub->mqtt);
	webhooks_store_recovered(hub->webhooks);
	uploads_store_recovered(hub->uploads);
	keeper_scan(hub->keeper);
}

/* --- life --- */

/* Code that only a start or a handshake needs. */
static void on_release(void *data, uint32_t times)
{
	(void)data;
	(void)times;
	memory_release_code();
}

static int release_now_and_then(struct hub *hub, struct error *error)
{
	struct loop_watch *release = loop_add_timer(hub->loop, on_release, NULL);
	if (!release || loop_set_timer(release, RELEASE_FIRST_S * CLOCK_NS_PER_S, RELEASE_EVERY_S * CLOCK_NS_PER_S) < 0)
		return error_set_errno(error, -errno, "cannot make a timer");
	return 0;
}

static int add_recipient(void *recipients, const char *word, struct error *error)
{
	return seal_add_word(recipients, word, error);
}

static int make_store(struct hub *hub, struct error *error)
{
	struct folders *folders = malloc(sizeof *folders);
	bool is_new = false;
	const struct store_params params = {
		.folder = hub->config->hub.data_dir,
		.keep_events = hub->config->hub.keep_events,
		.keep_days = hub->config->hub.keep_days,
		.seal = &hub->recipients,
		.written = on_written,
		.recovered = on_recovered,
		.data = hub,
	};
	int result = folders ? folders_find(hub, folders, error) : error_set(error, -ENOMEM, "no memory for the folders");
	if (result == 0)
		result =
		    config_each_text("seal.recipients", hub->config->seal.recipients, add_recipient, &hub->recipients, error);
	hub->store = result == 0 ? store_create(hub->loop, &params, &is_new, error) : NULL;
	hub->outbox = hub->store ? outbox_create(hub->loop, hub->store, error) : NULL;
	hub->syncer = hub->outbox ? syncer_create(hub->config->hub.data_dir, error) : NULL;
	hub->keeper = hub->syncer ? keeper_create(hub->config->hub.data_dir, folders, error) : NULL;
	free(folders);
	if (!hub->keeper)
		return error->code;
	log_info("Events are stored in %.200s%s%s", hub->config->hub.data_dir, is_new ? ", which is new" : "",
	         seal_is_wanted(&hub->recipients) ? ", sealed" : "");
	keeper_scan(hub->keeper);
	return 0;
}

static int make_rules(struct hub *hub, struct error *error)
{
	const bool has_mqtt = hub->config->hub.mqtt.host[0];
	const struct rule_outlets outlets = {
		.mqtt = has_mqtt ? on_rule_mqtt : NULL,
		.webhook = on_rule_webhook,
		.upload = on_rule_upload,
		.has_webhook = has_webhook,
		.has_upload = has_upload,
		.data = hub,
	};
	hub->webhooks = webhooks_create(hub->loop, hub->config, hub->outbox, error);
	hub->uploads = hub->webhooks ? uploads_create(hub->loop, hub->config, hub->store, error) : NULL;
	if (!hub->uploads)
		return error->code;
	hub->rules = rule_engine_create(hub->loop, hub->config, hub->store, &outlets, error);
	if (hub->rules && has_mqtt) {
		hub->mqtt = mqtt_create(hub->loop, hub->config, hub->store, hub->outbox, error);
		return hub->mqtt ? 0 : error->code;
	}
	return hub->rules ? 0 : error->code;
}

static int make_cameras(struct hub *hub, struct error *error)
{
	const struct cameras_handlers handlers = {
		.event = on_event,
		.change = on_change,
		.status = on_status,
		.cursor = find_cursor,
		.data = hub,
	};
	hub->cameras = cameras_create(hub->loop, hub->config->network.socket_dir, &handlers, error);
	if (!hub->cameras)
		return error->code;
	rule_engine_begin(hub->rules, hub->cameras);
	int result = webhooks_begin(hub->webhooks, error);
	if (result == 0)
		result = uploads_begin(hub->uploads, error);
	if (result < 0)
		return result;
	return hub->mqtt ? mqtt_begin(hub->mqtt, hub->cameras, error) : 0;
}

static void destroy_parts(struct hub *hub)
{
	cameras_destroy(hub->cameras);
	mqtt_destroy(hub->mqtt);
	rule_engine_destroy(hub->rules);
	webhooks_destroy(hub->webhooks);
	uploads_destroy(hub->uploads);
	hub->cameras = NULL; /* the store writes its last batch */
	hub->uploads = NULL;
	outbox_destroy(hub->outbox, hub->store);
	store_destroy(hub->store);
	syncer_destroy(hub->syncer);
	keeper_destroy(hub->keeper);
	loop_destroy(hub->loop);
}

int daemon_run(struct hub *hub)
{
	struct error error = { 0 };
	hub->loop = loop_create(&error);
	int result = hub->loop ? loop_serve(hub->loop, &error) : error.code;
	if (result == 0)
		result = release_now_and_then(hub, &error);
	if (result == 0)
		result = make_store(hub, &error);
	if (result == 0)
		result = make_rules(hub, &error);
	bool is_config = result == -EINVAL;
	if (result == 0)
		result = make_cameras(hub, &error);
	if (result == 0) {
		log_info("Looking for cameras in %.200s", hub->config->network.socket_dir);
		memory_release_code();
		notify_send("READY=1");
		result = loop_run(hub->loop);
		if (result < 0)
			error_set_errno(&error, result, "the event loop failed");
		notify_send("STOPPING=1");
	}
	if (result < 0)
		log_error("pastcam-hub cannot go on: %s", error.text);
	destroy_parts(hub);
	return is_config ? EXIT_CONFIG : result < 0 ? EXIT_NOT_NOW : EXIT_STOPPED;
}
