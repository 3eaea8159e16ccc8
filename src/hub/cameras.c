#include "camera_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

enum { IDLE_S = 25 /* a daemon sends a heartbeat each 10 s */, RETRY_FIRST_S = 1, RETRY_MOST_S = 10 };

/* An id that a daemon takes for one of an earlier life: it then tells all that it keeps. */
static const char before_all[] = "000000000000-0";

/* --- its status --- */

static void on_status(void *data, struct camera *camera, const char *reply, const struct error *error)
{
	(void)data;
	cJSON *json = error->code == 0 ? cJSON_Parse(reply) : NULL;
	const cJSON *night = cJSON_GetObjectItemCaseSensitive(json, "night");
	const cJSON *status = cJSON_GetObjectItemCaseSensitive(night, "status");
	if (cJSON_IsString(status))
		camera->is_night = strcmp(status->valuestring, "NIGHT") == 0;
	if (json)
		camera->all->handlers.status(camera->all->handlers.data, camera, json);
	cJSON_Delete(json);
}

void camera_ask_status(struct camera *camera)
{
	camera_send(camera, "status", on_status, NULL, NULL);
}

/* --- its events --- */

static void set_online(struct camera *camera, bool is_online)
{
	if (camera->is_online == is_online)
		return;
	camera->is_online = is_online;
	camera->all->handlers.change(camera->all->handlers.data, camera);
}

static void retry_later(struct camera *camera)
{
	if (camera->has_socket)
		loop_set_timer(camera->retry, camera->retry_s * CLOCK_NS_PER_S, 0);
	camera->retry_s = camera->retry_s * 2 < RETRY_MOST_S ? camera->retry_s * 2 : RETRY_MOST_S;
}

/* True for an event of the same run, up to that id. */
static bool covers(const char *id, const char *run, int64_t number)
{
	char other[HUB_RUN_BYTES];
	int64_t last;
	return event_split_id(id, other, &last) && strcmp(other, run) == 0 && number <= last;
}

/* Events up to newest_id have been handed on before. */
static bool is_again(const struct camera *camera, const struct hub_event *event)
{
	return covers(camera->newest_id, event->run, event->number);
}

bool camera_has_kept(const struct camera *camera, const struct hub_event *event)
{
	return covers(camera->kept_id, event->run, event->number);
}

/* last_id: what is being read again was handed on, but not kept. */
void cameras_all_kept(struct cameras *cameras)
{
	for (size_t i = 0; i < cameras->count; i++) {
		struct camera *camera = cameras->cameras[i];
		char run[HUB_RUN_BYTES];
		int64_t number;
		if (event_split_id(camera->last_id, run, &number) && !covers(camera->kept_id, run, number))
			strcpy(camera->kept_id, camera->last_id);
	}
}

static void hand_on(struct camera *camera, const struct hub_event *event)
{
	bool is_lost = strcmp(event->type, "lost") == 0;
	if (strcmp(event->type, "night.enter") == 0 || strcmp(event->type, "night.exit") == 0)
		camera->is_night = strcmp(event->type, "night.enter") == 0;
	/* Whoever comes for the first time has missed nothing. */
	if (!(is_lost && camera->is_first))
		camera->all->handlers.event(camera->all->handlers.data, camera, event, is_again(camera, event));
	camera->is_first = false;
	if (is_lost)
		return;
	if (!is_again(camera, event))
		strcpy(camera->newest_id, event->id);
	strcpy(camera->last_id, event->id);
}

static void on_line(void *data, const char *line, size_t length, uint64_t bytes)
{
	(void)length;
	(void)bytes;
	struct camera *camera = data;
	struct hub_event event;
	struct error error = { 0 };
	if (event_parse(&event, camera->name, line, &error) < 0) {
		log_fault_begin(&camera->fault, "Camera %s sent a line that is no event: %s", camera->name, error.text);
		return;
	}
	camera->retry_s = RETRY_FIRST_S;
	log_fault_end(&camera->fault, "Camera %s sends events again", camera->name);
	if (strcmp(event.type, "heartbeat") != 0)
		hand_on(camera, &event);
	event_finish(&event);
}

static void on_end(void *data, const struct error *error)
{
	struct camera *camera = data;
	camera->events = NULL;
	log_info("Camera %s is away: %s", camera->name, error->code < 0 ? error->text : "pastcam has stopped");
	set_online(camera, false);
	retry_later(camera);
}

static void follow(struct camera *camera)
{
	char line[HUB_ID_BYTES + 16];
	struct error error = { 0 };
	camera->is_first = camera->last_id[0] == '\0';
	snprintf(line, sizeof line, "events since=%s", camera->is_first ? before_all : camera->last_id);
	const struct client_call_params params = {
		.address = { .socket_path = camera->path },
		.line = line,
		.reply = CLIENT_LINES,
		.handlers = { .line = on_line, .end = on_end },
		.data = camera,
		.connect_timeout_s = CAMERA_CONNECT_S,
		.idle_timeout_s = IDLE_S,
	};
	camera->events = client_call_begin(camera->all->loop, &params, &error);
	if (!camera->events) {
		log_fault_begin(&camera->fault, "Camera %s cannot be followed: %s", camera->name, error.text);
		retry_later(camera);
		return;
	}
	log_fault_end(&camera->fault, "Camera %s answers again", camera->name);
	log_info("Following camera %s", camera->name);
	camera_ask_status(camera);
	set_online(camera, true);
}

static void on_retry(void *data, uint32_t times)
{
	(void)times;
	struct camera *camera = data;
	if (camera->has_socket && !camera->events)
		follow(camera);
}

void camera_read_again(struct camera *camera, const char *id)
{
	snprintf(camera->last_id, sizeof camera->last_id, "%s", id);
	client_call_cancel(camera->events);
	camera->events = NULL;
	loop_set_timer(camera->retry, 1, 0);
}

/* --- their sockets --- */

static void free_camera(struct camera *camera)
{
	client_call_cancel(camera->events);
	camera_calls_free(camera);
	loop_remove(camera->retry);
	free(camera);
}

static struct camera *add(struct cameras *cameras, const char *name)
{
	struct camera *camera = cameras->count < CLIENT_CAMERAS_MAX ? calloc(1, sizeof *camera) : NULL;
	if (!camera)
		return NULL;
	camera->all = cameras;
	camera->retry_s = RETRY_FIRST_S;
	camera->retry = loop_add_timer(cameras->loop, on_retry, camera);
	if (!camera->retry) {
		free(camera);
		return NULL;
	}
	snprintf(camera->name, sizeof camera->name, "%s", name);
	cameras->handlers.cursor(cameras->handlers.data, camera->name, camera->last_id);
	strcpy(camera->newest_id, camera->last_id);
	strcpy(camera->kept_id, camera->last_id);
	cameras->cameras[cameras->count++] = camera;
	return camera;
}

static void on_change(void *data, const char *name, const char *path, bool is_there)
{
	struct cameras *cameras = data;
	struct camera *camera = cameras_find(cameras, name);
	if (!camera && is_there)
		camera = add(cameras, name);
	if (!camera) {
		if (is_there)
			log_warning("Camera %s is not followed: no room for more than %d", name, CLIENT_CAMERAS_MAX);
		return;
	}
	camera->has_socket = is_there;
	snprintf(camera->path, sizeof camera->path, "%s", path);
	if (is_there && !camera->events)
		follow(camera);
	/* An old call whose socket has gone ends by itself, with all that the daemon still had to say. */
}

struct cameras *cameras_create(struct loop *loop, const char *folder, const struct cameras_handlers *handlers,
                               struct error *error)
{
	struct cameras *cameras = calloc(1, sizeof *cameras);
	if (!cameras) {
		error_set(error, -ENOMEM, "no memory for the cameras");
		return NULL;
	}
	cameras->loop = loop;
	cameras->handlers = *handlers;
	cameras->watch = client_cameras_watch(loop, folder, on_change, cameras, error);
	if (cameras->watch)
		return cameras;
	cameras_destroy(cameras);
	return NULL;
}

void cameras_destroy(struct cameras *cameras)
{
	if (!cameras)
		return;
	client_cameras_destroy(cameras->watch);
	for (size_t i = 0; i < cameras->count; i++)
		free_camera(cameras->cameras[i]);
	free(cameras);
}

size_t cameras_count(const struct cameras *cameras)
{
	return cameras->count;
}

struct camera *cameras_at(const struct cameras *cameras, size_t index)
{
	return cameras->cameras[index];
}

struct camera *cameras_find(const struct cameras *cameras, const char *name)
{
	for (size_t i = 0; i < cameras->count; i++)
		if (strcmp(cameras->cameras[i]->name, name) == 0)
			return cameras->cameras[i];
	return NULL;
}

const char *camera_name(const struct camera *camera)
{
	return camera->name;
}

const char *camera_path(const struct camera *camera)
{
	return camera->path;
}

bool camera_is_online(const struct camera *camera)
{
	return camera->is_online;
}

bool camera_has_socket(const struct camera *camera)
{
	return camera->has_socket;
}

bool camera_is_night(const struct camera *camera)
{
	return camera->is_night;
}
