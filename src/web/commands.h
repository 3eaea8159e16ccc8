/* What is asked of a camera's daemon with one line, and answered with one: status, timeline, and all that changes
 * something (save, stack, trigger, pins …). */
#ifndef PASTCAM_WEB_COMMANDS_H
#define PASTCAM_WEB_COMMANDS_H

#include "line.h"
#include "request.h"

void commands_status(struct request *request);   /* GET /api/status */
void commands_timeline(struct request *request); /* GET /api/timeline */
void commands_save(struct request *request);     /* POST /api/save */
void commands_stack(struct request *request);    /* POST /api/stack */
void commands_clip(struct request *request);     /* POST /api/clip */
void commands_trigger(struct request *request);  /* POST /api/trigger */
void commands_pin(struct request *request);      /* POST /api/pins */
void commands_keep(struct request *request);     /* POST /api/pins/ID */
void commands_drop(struct request *request);     /* DELETE /api/pins/ID */

/* The line that a JSON body stands for: each of its members is one of names (words with spaces between) and becomes
 * name=value, true becomes the name alone, "formats" becomes words. Pure. */
int commands_line(struct line *line, const char *command, const char *names, const cJSON *body, struct error *error);

#endif
