/* One line of a daemon's `events`, taken apart. Pure. */
#ifndef PASTCAM_HUB_EVENT_H
#define PASTCAM_HUB_EVENT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/camera_name.h"
#include "base/error.h"
#include "export/seal.h"

enum { HUB_RUN_BYTES = 32, HUB_ID_BYTES = 64, HUB_TYPE_BYTES = 32, HUB_ZONE_BYTES = 33, HUB_LABEL_BYTES = 65 };

struct hub_event {
	char camera[CAMERA_NAME_BYTES]; /* by its socket */
	char id[HUB_ID_BYTES];          /* RUN-NUMBER */
	char run[HUB_RUN_BYTES];        /* drawn at each start of the daemon */
	int64_t number;                 /* within the run, from 1 */
	char type[HUB_TYPE_BYTES];      /* "motion.start" */
	int64_t time_ms;                /* since 1970, by the wall clock */
	bool has_score;
	double score;
	char zone[HUB_ZONE_BYTES], label[HUB_LABEL_BYTES]; /* "" where it has none */
	cJSON *json;                                       /* all of it, with the camera's name as above */
};
#define HUB_EVENT_NULL ((struct hub_event){ .json = NULL })

/* -EINVAL, with the reason, when line is no event; event is then as after event_finish. A heartbeat is one too. */
int event_parse(struct hub_event *event, const char *camera, const char *line, struct error *error);
void event_finish(struct hub_event *event); /* safe on HUB_EVENT_NULL, and twice */

/* The event as it is stored, for the caller to free: all of it, or, with recipients, what any listing of the folder
 * tells of it, and under "sealed" all of it as an age file in base64. NULL: no memory. */
char *event_print(const struct hub_event *event, const struct seal_recipients *seal);

bool event_json_is_sealed(const char *json); /* what event_print made, with recipients */

/* "RUN-NUMBER" taken apart; false when it is no id. */
bool event_split_id(const char *id, char run[HUB_RUN_BYTES], int64_t *number);

/* True for the names that docs/events.md lists. */
bool event_type_is_known(const char *type);
bool event_type_is_begun(const char *text); /* whether a name begins with it, as some do with "motion" */

/* Each of them, from 0; NULL: no more. */
const char *event_type_at(size_t index);

/* A member that is text, or "". */
const char *event_text(const struct hub_event *event, const char *name);

/* The path of the file with that index, from 0, of a picture.saved or a clip.end. False: it has no such file, or its
 * path does not fit. */
bool event_file(const struct hub_event *event, size_t index, char *path, size_t bytes);

/* Where pastcam-web at page_url, with or without a slash at its end, shows the event's file. False: it has none, or
 * page_url is empty, or the address does not fit. */
bool event_url(const struct hub_event *event, const char *page_url, char *url, size_t bytes);

#endif
