/* What cameras.c and camera_calls.c know of a camera. */
#ifndef PASTCAM_HUB_CAMERA_PRIVATE_H
#define PASTCAM_HUB_CAMERA_PRIVATE_H

#include "base/log.h"
#include "cameras.h"

enum { CAMERA_CONNECT_S = 5 };

struct call;

struct camera {
	struct cameras *all;
	char name[CAMERA_NAME_BYTES], path[256];
	char last_id[HUB_ID_BYTES];   /* where reading goes on */
	char newest_id[HUB_ID_BYTES]; /* the last one that was not read again */
	char kept_id[HUB_ID_BYTES];   /* the last one that was handed on before cameras_all_kept */
	bool has_socket, is_online, is_night, is_first;
	struct client_call *events;
	struct loop_watch *retry;
	int retry_s;
	struct log_fault fault;
	/* In the order in which they were asked. */
	struct call *calls;
	size_t call_count, under_way_count;
};

struct cameras {
	struct loop *loop;
	struct cameras_handlers handlers;
	struct client_cameras *watch;
	size_t count;
	struct camera *cameras[CLIENT_CAMERAS_MAX];
};

/* Drops what is asked of it, without a call of `done`. */
void camera_calls_free(struct camera *camera);

#endif
