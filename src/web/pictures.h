/* GET /at/MOMENT.FORMAT: any moment of the past as a picture, with what is known of it in the headers. */
#ifndef PASTCAM_WEB_PICTURES_H
#define PASTCAM_WEB_PICTURES_H

#include "line.h"
#include "request.h"

void pictures_get(struct request *request);

/* The line for it: tail is "-5.jpg", accept (NULL: none) a moment that stands for "now". Pure. */
int pictures_line(const struct target *target, const char *tail, const char *accept, struct line *line,
                  struct error *error);

#define PICTURES_PARAMETERS "camera width count mode mixed"

#endif
