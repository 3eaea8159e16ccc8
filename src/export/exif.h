/* EXIF data of a picture. */
#ifndef PASTCAM_EXPORT_EXIF_H
#define PASTCAM_EXPORT_EXIF_H

#include "export/export.h"

struct exif_block {
	unsigned char *data; /* "Exif", two zeros, TIFF structure: the content of a JPEG's APP1 marker; freed with free() */
	unsigned bytes;
};

/* 0, or -ENOMEM with a data of NULL. */
int exif_block_of(const struct picture *picture, struct exif_block *block);

#endif
