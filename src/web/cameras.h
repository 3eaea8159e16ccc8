/* The cameras of this machine, as their sockets come and go. */
#ifndef PASTCAM_WEB_CAMERAS_H
#define PASTCAM_WEB_CAMERAS_H

#include "client/client.h"
#include "request.h"

struct cameras;

struct camera {
	char name[33];
	char path[256];
};

struct cameras *cameras_create(struct web *web, const char *folder, struct error *error);
void cameras_destroy(struct cameras *cameras); /* NULL is fine */

size_t cameras_count(const struct cameras *cameras);
const struct camera *cameras_at(const struct cameras *cameras, size_t index); /* sorted by name */
const struct camera *cameras_find(const struct cameras *cameras, const char *name);

/* The camera that a request names with ?camera=, or the only one. NULL, and answered, when there is none such. */
const struct camera *cameras_of_request(struct request *request);

/* GET /api/cameras */
void cameras_list(struct request *request);

#endif
