/* An MP4 file under its temporary name, sealed or not: what clip_writer.c and clip_recover.c share. A sealed one is
 * written as a stream, since nothing sealed is written again: it has fragments and no index. */
#ifndef PASTCAM_EXPORT_CLIP_FILE_H
#define PASTCAM_EXPORT_CLIP_FILE_H

#include "base/fsio.h"
#include "export/clip_writer.h"
#include "export/seal.h"
#include "media/mp4.h"

/* ".clip-BASE+UNIQUE", sealed ".clip-BASE+UNIQUE.age": a '+' is in no base. */
#define CLIP_FILE_PREFIX ".clip-"
enum { CLIP_FILE_MARK = '+' };

struct clip_file {
	struct fsio_file file;
	struct seal *seal; /* NULL: not sealed */
};
#define CLIP_FILE_NULL ((struct clip_file){ .file = FSIO_FILE_NULL })

/* Appends to, changes and syncs the file; data is the struct clip_file. sealed: whether it has a seal, once it is open.
 */
struct mp4_sink clip_file_sink(struct clip_file *file, bool sealed);

/* Closes the file and leaves it for clip_recover. */
void clip_file_leave(struct clip_file *file);
void clip_file_abort(struct clip_file *file); /* and leaves nothing */

/* Appends the index, or the last sealed chunk, and gives the file its name. The file is closed then, whatever came of
 * it; one that could not be finished but has something whole in it stays under its temporary name, which result->path
 * tells. The writer stays the caller's. */
int clip_file_finish(struct clip_file *file, struct mp4_writer *writer, int64_t end_ns, const char *base,
                     struct clip_result *result, struct error *error);

#endif
