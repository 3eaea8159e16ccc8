/* GET /clip/BEGIN..END.mp4: a piece of the past as video, and of what is still to come, as the daemon has it; nothing
 * is written on the camera. A client that reads slowly pauses the daemon. */
#ifndef PASTCAM_WEB_CLIPS_H
#define PASTCAM_WEB_CLIPS_H

#include "line.h"
#include "request.h"

void clips_get(struct request *request);

/* The line for it: tail is "-30..+10.mp4"; each end is a moment, the second also "+10", seconds from now. Pure. */
int clips_line(const char *tail, struct line *line, struct error *error);

#endif
