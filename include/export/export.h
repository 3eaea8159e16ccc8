/*
 * One picture into one or more files: the table of formats, the name, the atomic write. Runs on export workers; several
 * at once. Logs nothing.
 */
#ifndef PASTCAM_EXPORT_EXPORT_H
#define PASTCAM_EXPORT_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/chunk.h"
#include "base/error.h"
#include "base/fsio.h"
#include "base/pool.h"

/* A set of these, in the order in which they are written. */
enum export_format { EXPORT_JPG = 1, EXPORT_PNG = 2, EXPORT_NPY = 4 };
enum { EXPORT_FORMAT_COUNT = 3 };

struct picture {
	const uint8_t *rgb; /* tight rows of R,G,B */
	int width, height;
	uint64_t frame_id;
	int64_t wall_ns;                    /* when it was taken, nanoseconds since 1970 */
	bool clock_synchronised;            /* false: wall_ns may be off by years, and the metadata says so */
	double exposure_us, gain, mean;     /* of a stack of unlike frames the least exposure and gain … */
	double exposure_most_us, gain_most; /* … and the most; 0: the same for all frames */
	bool night;                         /* of a stack: all frames were taken with the night's exposure */
	bool from_video;                    /* decoded from it: not every bit is the camera's */
	bool night_and_day;                 /* of a stack: some were, some were not */
	int stacked;                        /* frames in it; 1: a plain frame */
	const char *stack_mode;             /* "mean" …; NULL when stacked is 1 */
	const char *camera_model;
};

struct names_given;
struct seal_recipients;
struct manifest;

struct export_params {
	const char *base_dir;
	const char *camera;                          /* begins file names; "" or NULL: the only one, which needs none */
	dev_t device;                                /* the filesystem that base_dir must be on (see fsio_begin); 0: any */
	int jpg_quality;                             /* 1-100 */
	const struct seal_recipients *seal;          /* for whom files are sealed; NULL, or of none: for nobody */
	struct manifest *manifest;                   /* notes each file; NULL: none */
	struct names_given *given;                   /* NULL: a name whose file is gone may come again */
	void (*wrote)(void *data, const char *path); /* told of each file as soon as it is whole; NULL is fine */
	void *wrote_data;
};

/* EXPORT_JPG … for "jpg", "png", "npy" (any case, "jpeg" too); 0 for anything else. */
unsigned export_format_of(const char *name);
const char *export_format_name(enum export_format format); /* also the file name extension */

/* "jpg,png" … of a set, in the order in which they are written; at most the first `most` of them. */
void export_format_list(unsigned formats, size_t most, char *text, size_t bytes);

/* The most that one export_picture call may allocate, bytes, for a picture of this size: enters the budget. */
size_t export_scratch_bytes(int width, int height, size_t pool_width);

struct export_result {
	size_t count; /* files that are whole and on the disk */
	char paths[EXPORT_FORMAT_COUNT][FSIO_PATH_BYTES];
};

/* Writes picture in each format of the set as base_dir/[CAMERA_]YYYYmmdd_HHMMSS_fID.ext (.ext.age where it is sealed),
 * in local time; where the clocks were put back (clock_is_repeated), a B follows the hour, so that names sort in the
 * order of time. base_dir is created when missing. 0 when all are written; -errno at the first that fails (result tells
 * which came before). pool may be NULL.
 */
int export_picture(const struct export_params *params, struct pool *pool, const struct picture *picture,
                   unsigned formats, struct export_result *result, struct error *error);

/* Encodes picture into memory: *bytes becomes a chunk of the caller's. -errno, as export_picture. */
int export_encode(const struct export_params *params, struct pool *pool, const struct picture *picture,
                  enum export_format format, struct chunk **bytes, struct error *error);

/* True for a file name that export_picture or a clip writer gives, for whatever camera: what retention may touch. */
bool export_is_own_name(const char *name);

#endif
