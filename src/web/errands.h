/* What a POST without ?wait=1 leaves behind: the line goes to the daemon, the request is answered at once with an id,
 * and a `request` event tells all listeners what it has come to. */
#ifndef PASTCAM_WEB_ERRANDS_H
#define PASTCAM_WEB_ERRANDS_H

#include "ask.h"

/* Answers 202 with {"id":…}, or a problem. timeout_s: until the daemon's reply. add_result fills in what the daemon's
 * reply means (it did not refuse). */
void errands_begin(struct request *request, const struct camera *camera, const char *line, double timeout_s,
                   void (*add_result)(cJSON *json, const char *reply));

#endif
