/* What the zone editor needs: other settings of motion tried on the past, and zones checked before they are saved. */
#ifndef PASTCAM_WEB_MOTION_H
#define PASTCAM_WEB_MOTION_H

#include "config/config.h"
#include "line.h"
#include "request.h"

/* POST /api/motion/try: {"zones": […], "sensitivity": 60, …} as in the section motion; nothing is changed. */
void motion_try(struct request *request);

/* The line for it: each member of body becomes KEY=JSON. Pure. */
int motion_line(struct line *line, const cJSON *body, struct error *error);

/* "TRIED frames=N seconds=S events=N" and a line of JSON each, as one JSON object to be deleted by the caller; NULL
 * when it is none, or without memory. Pure. */
cJSON *motion_parse_reply(const char *reply);

/* What of the section motion would keep pastcam from starting: zones that are none or cover nothing. 0, or -EINVAL,
 * -ENOMEM with the reason. Pure. */
int motion_check_settings(const struct config *config, struct error *error);

#endif
