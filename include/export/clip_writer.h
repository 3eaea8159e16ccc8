/*
 * Clips on the disk. A clip is written under a temporary name, each fragment synced, so that after a power cut all but
 * the last second is there; once it is done it gets its index and its name, as fsio does it: whole, or not there. What
 * a process left unfinished is finished by clip_recover, under a name with "-recovered".
 *
 * A sealed clip goes out in chunks of SEAL_CHUNK_BYTES, and each fragment's sync finds those that are whole: a power
 * cut costs what was not a whole chunk yet, and the recovery, which cannot open the file, only names it.
 *
 * On the recorder's thread; blocks as long as the disk does. Logs nothing.
 */
#ifndef PASTCAM_EXPORT_CLIP_WRITER_H
#define PASTCAM_EXPORT_CLIP_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/fsio.h"
#include "media/mp4.h"

struct clip_writer;
struct seal_recipients;

struct clip_params {
	const char *base_dir; /* created when missing */
	const char *camera;   /* begins the name; "": the only one */
	dev_t device;         /* see fsio_begin */
	int64_t wall_ns;      /* for the name: of the frame that it is named after */
	uint64_t frame_id;
	const struct seal_recipients *seal; /* for whom it is sealed; NULL, or of none: for nobody */
	struct mp4_params video;            /* without its sink */
};

/* NULL: the folder cannot be written to, or no memory. The texts of params must live until clip_writer_finish. */
struct clip_writer *clip_writer_open(const struct clip_params *params, struct error *error);

/* See mp4_add. After an error only clip_writer_finish or _abort may follow. */
int clip_writer_add(struct clip_writer *writer, const struct packet *packet, struct error *error);

struct clip_result {
	char path[FSIO_PATH_BYTES];
	size_t frames; /* in the file */
	int64_t bytes;
};

/* Finishes the file and gives it its name; after an error, with what was whole: on a full disk as much of it as leaves
 * room for the index. writer is gone afterwards. -ENODATA: nothing was whole, and nothing is left. Else, after another
 * error, what is whole waits for clip_recover under the name in result->path. */
int clip_writer_finish(struct clip_writer *writer, int64_t end_ns, struct clip_result *result, struct error *error);
void clip_writer_abort(struct clip_writer *writer); /* leaves nothing; NULL is fine */

struct clip_recovered {
	struct clip_result result;
	bool sealed; /* it could only be named: what is in it is not known, and it is cut off */
	double seconds;
	int64_t created_wall_ns;
};

/* Finishes what earlier processes left in base_dir; each is told once, on this thread: error->code 0, or why it could
 * not be finished (result->path is the leftover then, which stays unless nothing in it is whole). Returns how many were
 * finished, or -errno when the folder cannot be read. */
int clip_recover(const char *base_dir,
                 void (*told)(void *data, const struct clip_recovered *recovered, const struct error *error),
                 void *data);

#endif
