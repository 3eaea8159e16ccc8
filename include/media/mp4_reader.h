/*
 * The video of an MP4 file, packet by packet: a clip of pastcam's, finished or left unfinished by a power cut, or
 * another plain MP4 with one track of H.264 without B frames or of JPEG pictures. Any bytes may come in. Pure: bytes
 * come in through the caller's function. One thread at a time per reader.
 */
#ifndef PASTCAM_MEDIA_MP4_READER_H
#define PASTCAM_MEDIA_MP4_READER_H

#include "media/mp4.h"

struct mp4_reader;

/* The source stays the caller's. NULL with -EINVAL: not an MP4 file, no video in it that is read here, B frames;
 * -ENOMEM; what read said. */
struct mp4_reader *mp4_reader_open(const struct mp4_source *source, struct error *error);
void mp4_reader_close(struct mp4_reader *reader); /* NULL is fine */

const struct video_format *mp4_reader_format(const struct mp4_reader *reader);
size_t mp4_reader_count(const struct mp4_reader *reader); /* packets */

/* The next packet: 1, its data until the next call; its number (from 1) is in frame.id and its time since the beginning
 * of the presentation in frame.timestamp_ns, which is below 0 for what only others need. *until_ns: how long it is
 * shown. 0: that was the last; -EINVAL: it lies outside the file or is larger than a picture can be; -ENOMEM; what
 * read said. */
int mp4_reader_next(struct mp4_reader *reader, struct packet *packet, int64_t *until_ns, struct error *error);

#endif
