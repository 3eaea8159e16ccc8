/* The sample tables of a plain MP4. Private to the mp4 files. */
#ifndef PASTCAM_MEDIA_MP4_TABLES_H
#define PASTCAM_MEDIA_MP4_TABLES_H

#include "mp4_boxes.h"
#include "mp4_movie.h"

/* Fills in the samples of the first track of video, their chunks (as fragments) and edit_start; timescale: of their
 * durations. 0, with a sample and a chunk at least; -ENODATA: the file goes on in fragments; -EINVAL, -ENOMEM. */
int mp4_tables_read(const struct box *moov, struct mp4_movie *movie, struct video_format *format, uint32_t *timescale,
                    struct error *error);

#endif
