/*
 * Pieces of the past that are asked for with Range, as players of video do: such a piece is fetched whole once and kept
 * for CLIP_SPOOL_S after it was last asked for, so that all parts are of the same file, whatever "-30" means by then.
 * At most CLIP_SPOOLS_MAX of CLIP_SPOOL_BYTES each; one that is larger is sent without parts, and not
 * fetched for them again.
 */
#ifndef PASTCAM_WEB_CLIP_SPOOL_H
#define PASTCAM_WEB_CLIP_SPOOL_H

#include "cameras.h"
#include "request.h"

enum { CLIP_SPOOLS_MAX = 3, CLIP_SPOOL_S = 60, CLIP_SPOOL_BYTES = 24 * 1024 * 1024 };

/* Answers request, later as a rule. line: what the camera is asked. without: called when it cannot be had in parts. */
void clip_spool_answer(struct request *request, const struct camera *camera, const char *line,
                       void (*without)(struct request *request));

void clip_spools_destroy(void); /* after http_destroy */

#endif
