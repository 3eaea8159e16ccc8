/* The frames of a clip, for `pastcam motion-sim`. */
#ifndef PASTCAM_PASTCAM_MOTION_SIM_CLIP_H
#define PASTCAM_PASTCAM_MOTION_SIM_CLIP_H

#include "base/error.h"
#include "media/decode.h"

struct motion_sim_frame {
	size_t number;         /* in the file, from 1 */
	double begin_s, end_s; /* of the presentation */
};

/* Is given each frame that is shown, in order; what it returns other than 0 ends the run. The picture is its to draw
 * in. */
typedef int motion_sim_take(void *data, const struct decoded *picture, const struct motion_sim_frame *frame,
                            struct error *error);

/* Decodes the clip at path (see media/mp4_reader.h). -EINVAL: it is none, is damaged, or shows nothing; -ENOMEM; what
 * reading the file or take said. */
int motion_sim_clip(const char *path, motion_sim_take *take, void *data, struct error *error);

#endif
