/* A frame out of the past as video. Private to src/export. */
#ifndef PASTCAM_EXPORT_JOB_VIDEO_H
#define PASTCAM_EXPORT_JOB_VIDEO_H

#include "export/jobs.h"

/* Decodes job->video up to job->video_frame and writes the picture to frame->pixels, which has room for so many bytes;
 * frame gets its size. The cursor is closed as soon as the packets are read. -ENODATA: they are gone; -EINVAL: they
 * cannot be decoded; -ENOMEM. */
int job_decode(struct job *job, size_t room, struct frame *frame, struct error *error);

#endif
