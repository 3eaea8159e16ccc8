/* What the daemon says to `get mp4`: video, or a sentence why there is none. */
#ifndef PASTCAM_WEB_CLIP_REPLY_H
#define PASTCAM_WEB_CLIP_REPLY_H

#include "request.h"

/* By its first bytes: enough of them must have come. */
bool clip_reply_is_video(const char *head, size_t length);

/* Where a file is in its boxes, as it comes: {} at its beginning. */
struct clip_boxes {
	uint8_t head[8]; /* of the box that begins */
	size_t head_length;
	uint64_t left; /* of the box that has begun */
	bool is_broken;
};

void clip_boxes_feed(struct clip_boxes *boxes, const void *bytes, size_t length);

/* Whether it could end here: a daemon that is killed breaks off anywhere, and its socket ends as if all were said. */
bool clip_boxes_may_end(const struct clip_boxes *boxes);

/* Answers with why there is no video: the reply's first line, which is cut there, or error, with which it ended. text:
 * with room for a 0 after length bytes. */
void clip_reply_refuse(struct request *request, const char *camera, char *text, size_t length,
                       const struct error *error);

#endif
