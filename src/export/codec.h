/* One file format. Private to src/export and its tests. */
#ifndef PASTCAM_EXPORT_CODEC_H
#define PASTCAM_EXPORT_CODEC_H

#include "export/export.h"
#include "sink.h"

struct codec {
	enum export_format format;
	/* Encodes picture into sink. -errno of the disk, -ENOMEM, -EINVAL when the library refuses. */
	int (*write)(const struct export_params *params, struct pool *pool, const struct picture *picture,
	             struct sink *sink, struct error *error);
};

extern const struct codec codec_jpg, codec_png, codec_npy;

#endif
