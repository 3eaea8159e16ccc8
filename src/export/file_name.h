/* The names of files, and how they are known again. What retention may touch is decided by export_is_own_name. */
#ifndef PASTCAM_EXPORT_FILE_NAME_H
#define PASTCAM_EXPORT_FILE_NAME_H

#include <stddef.h>
#include <stdint.h>

#include "base/camera_name.h"
#include "base/sealed_name.h"

/* Room for a camera's name, a second and the number of a frame. */
enum { FILE_NAME_BASE_BYTES = CAMERA_NAME_BYTES + 64 };

/* "20261121_101500_f00000052", or "front_20261121_101500_f00000052" of a camera with a name (camera: "" or NULL is
 * none). In local time; where the clocks were put back (clock_is_repeated), a B follows the hour, so that names sort in
 * the order of time. */
void file_name_base(const char *camera, int64_t wall_ns, uint64_t frame_id, char base[FILE_NAME_BASE_BYTES]);

/* A clip's extension, and what is put behind the base of one that a power cut left unfinished. */
#define FILE_NAME_CLIP "mp4"
#define FILE_NAME_MANIFEST "jsonl" /* of one that is full: export/manifest.h */
#define FILE_NAME_SEALED_CLIP FILE_NAME_CLIP SEALED_NAME_END
#define FILE_NAME_RECOVERED "-recovered"

#endif
