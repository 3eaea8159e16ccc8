/* An MP4 file under its temporary name: what clip_writer.c and clip_recover.c share. */
#ifndef PASTCAM_EXPORT_CLIP_FILE_H
#define PASTCAM_EXPORT_CLIP_FILE_H

#include "base/fsio.h"
#include "export/clip_writer.h"
#include "media/mp4.h"

/* ".clip-BASE+UNIQUE": a '+' is in no base. */
#define CLIP_FILE_PREFIX ".clip-"
enum { CLIP_FILE_MARK = '+' };

/* Appends to, changes and syncs file->fd; data is the struct fsio_file. */
struct mp4_sink clip_file_sink(struct fsio_file *file);

/* Closes the file and leaves it for clip_recover. */
void clip_file_leave(struct fsio_file *file);

/* Appends the index and gives the file its name. The file is closed then, whatever came of it; one that could not be
 * finished but has something whole in it stays under its temporary name, which result->path tells. The writer stays the
 * caller's. */
int clip_file_finish(struct fsio_file *file, struct mp4_writer *writer, int64_t end_ns, const char *base,
                     struct clip_result *result, struct error *error);

#endif
