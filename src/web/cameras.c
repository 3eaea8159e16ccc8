#include "cameras.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/utf8.h"
#include "events.h"

struct cameras {
	struct web *web;
	struct client_cameras *watch;
	size_t count;
	struct camera cameras[CLIENT_CAMERAS_MAX];
};

static struct camera *find(struct cameras *cameras, const char *name)
{
	for (size_t i = 0; i < cameras->count; i++)
		if (strcmp(cameras->cameras[i].name, name) == 0)
			return &cameras->cameras[i];
	return NULL;
}

static int by_name(const void *one, const void *other)
{
	return strcmp(((const struct camera *)one)->name, ((const struct camera *)other)->name);
}

static void add(struct cameras *cameras, const char *name, const char *path)
{
	if (cameras->count == CLIENT_CAMERAS_MAX)
		return;
	struct camera *camera = &cameras->cameras[cameras->count++];
	snprintf(camera->name, sizeof camera->name, "%s", name);
	snprintf(camera->path, sizeof camera->path, "%s", path);
	qsort(cameras->cameras, cameras->count, sizeof cameras->cameras[0], by_name);
}

static void on_change(void *data, const char *name, const char *path, bool is_there)
{
	struct cameras *cameras = data;
	struct camera *known = find(cameras, name);
	if (is_there == (known != NULL))
		return;
	log_info("Camera %s %s", name, is_there ? "is there" : "has gone");
	if (is_there) {
		add(cameras, name, path);
	} else {
		*known = cameras->cameras[--cameras->count];
		qsort(cameras->cameras, cameras->count, sizeof cameras->cameras[0], by_name);
	}
	events_cameras_changed(cameras->web);
}

struct cameras *cameras_create(struct web *web, const char *folder, struct error *error)
{
	struct cameras *cameras = calloc(1, sizeof *cameras);
	if (!cameras) {
		error_set(error, -ENOMEM, "no memory for the cameras");
		return NULL;
	}
	cameras->web = web;
	cameras->watch = client_cameras_watch(web->loop, folder, on_change, cameras, error);
	if (cameras->watch)
		return cameras;
	free(cameras);
	return NULL;
}

void cameras_destroy(struct cameras *cameras)
{
	if (!cameras)
		return;
	client_cameras_destroy(cameras->watch);
	free(cameras);
}

size_t cameras_count(const struct cameras *cameras)
{
	return cameras->count;
}

const struct camera *cameras_at(const struct cameras *cameras, size_t index)
{
	return &cameras->cameras[index];
}

const struct camera *cameras_find(const struct cameras *cameras, const char *name)
{
	return find((struct cameras *)cameras, name);
}

const struct camera *cameras_of_request(struct request *request)
{
	const struct cameras *cameras = request->web->cameras;
	const char *name = target_value(&request->target, "camera");
	const struct camera *camera = NULL;
	if (name && name[0])
		camera = cameras_find(cameras, name);
	else if (cameras->count == 1)
		camera = &cameras->cameras[0];
	if (camera)
		return camera;
	if (name && name[0])
		request_problem(request, 404, "there is no camera \"%.*s\": /api/cameras lists those that there are",
		                utf8_fit(name, 32), name);
	else if (cameras->count == 0)
		request_problem(request, 503, "no camera is there: is pastcam running? (sockets are looked for in %.200s)",
		                request->web->config->network.socket_dir);
	else
		request_problem(request, 400, "there are %zu cameras: say which with ?camera=, such as ?camera=%s",
		                cameras->count, cameras->cameras[0].name);
	return NULL;
}

void cameras_list(struct request *request)
{
	const struct cameras *cameras = request->web->cameras;
	cJSON *json = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(json, "cameras");
	for (size_t i = 0; i < cameras->count; i++)
		cJSON_AddItemToArray(list, cJSON_CreateString(cameras->cameras[i].name));
	request_json(request, 200, json);
}
