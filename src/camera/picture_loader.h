/*
 * Picture files as frames of one wanted size, for the replay camera. Keeps its memory between pictures. One thread at a
 * time per loader.
 */
#ifndef PASTCAM_CAMERA_PICTURE_LOADER_H
#define PASTCAM_CAMERA_PICTURE_LOADER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "media/ingest.h"

enum { PICTURE_FILE_BYTES_MAX = 64 * 1024 * 1024 };

struct picture_loader;

/* NULL when memory is out. */
struct picture_loader *picture_loader_create(int width, int height, enum fit fit);
void picture_loader_destroy(struct picture_loader *loader);

/* Decodes the JPEG or PNG file name in folder (a descriptor), turned as its EXIF data asks, and fitted. *rgb: width *
 * height * 3 bytes of the loader's, until the next picture. -errno of the file system, -EINVAL for what is no picture,
 * -EFBIG, -ENOMEM; *rgb is then undefined. */
int picture_loader_load(struct picture_loader *loader, int folder, const char *name, const uint8_t **rgb,
                        struct error *error);

#endif
