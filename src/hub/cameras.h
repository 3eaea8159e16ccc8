/*
 * The cameras of this machine: their sockets as they come and go, their events, and what is asked of them.
 *
 * Each camera has one `events` line that begins after the last event that was handed on, so nothing is told twice, and
 * nothing is missed that the daemon still has. A daemon that goes away is tried again, from a second to ten, while its
 * socket is there.
 */
#ifndef PASTCAM_HUB_CAMERAS_H
#define PASTCAM_HUB_CAMERAS_H

#include "client/client.h"
#include "event.h"
#include "hub.h"

struct cameras;
struct camera;

struct cameras_handlers {
	/* An event, but no heartbeat; valid during the call. is_again: it was handed on before, see camera_read_again. */
	void (*event)(void *data, struct camera *camera, const struct hub_event *event, bool is_again);
	/* Its daemon answers, or does not any more. */
	void (*change)(void *data, struct camera *camera);
	/* What it answered to `status`. */
	void (*status)(void *data, struct camera *camera, const cJSON *status);
	/* Once for each camera before it is followed: the id of the last event that is known, or "". */
	void (*cursor)(void *data, const char *camera, char id[HUB_ID_BYTES]);
	void *data;
};

struct cameras *cameras_create(struct loop *loop, const char *folder, const struct cameras_handlers *handlers,
                               struct error *error);
void cameras_destroy(struct cameras *cameras); /* NULL is fine */

size_t cameras_count(const struct cameras *cameras); /* those that are away too */
struct camera *cameras_at(const struct cameras *cameras, size_t index);
struct camera *cameras_find(const struct cameras *cameras, const char *name); /* NULL: there is none such */

const char *camera_name(const struct camera *camera);
const char *camera_path(const struct camera *camera); /* of its socket */
bool camera_is_online(const struct camera *camera);
bool camera_has_socket(const struct camera *camera);

/* Reads its events again from the one after id ("": all that it keeps). What has been handed on once comes again, with
 * is_again. */
void camera_read_again(struct camera *camera, const char *id);

/* What was handed on until now is on the disk. */
void cameras_all_kept(struct cameras *cameras);

/* Whether an event was among that. */
bool camera_has_kept(const struct camera *camera, const struct hub_event *event);

/* By its night events, and by its status when it comes. */
bool camera_is_night(const struct camera *camera);

/* The handler gets it when it comes. */
void camera_ask_status(struct camera *camera);

/* Sends a line: at once, or when it is its turn, since CAMERA_CALLS_MAX of one camera are under way at most. done:
 * once, with the first line of the reply, or with why there is none (code < 0, reply ""), -ETIMEDOUT when its turn did
 * not come within CAMERA_WAIT_S; NULL is fine: what fails is logged. Fails with -EBUSY when CAMERA_WAITING_MAX wait, or
 * as client_call_begin; done is then not called. */
enum { CAMERA_CALLS_MAX = 8, CAMERA_WAITING_MAX = 64, CAMERA_WAIT_S = 30 };
typedef void (*camera_done)(void *data, struct camera *camera, const char *reply, const struct error *error);
int camera_send(struct camera *camera, const char *line, camera_done done, void *data, struct error *error);

#endif
