/* What the daemon says to `get mp4`: video, or a sentence why there is none. */
#ifndef PASTCAM_WEB_CLIP_REPLY_H
#define PASTCAM_WEB_CLIP_REPLY_H

#include "request.h"

/* By its first bytes: enough of them must have come. */
bool clip_reply_is_video(const char *head, size_t length);

/* Answers with why there is no video: the reply's first line, which is cut there, or error, with which it ended. text:
 * with room for a 0 after length bytes. */
void clip_reply_refuse(struct request *request, const char *camera, char *text, size_t length,
                       const struct error *error);

#endif
