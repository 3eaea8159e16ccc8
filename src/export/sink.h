/* Where a codec's bytes go: a file, or memory. Private to src/export, its tests and benches. */
#ifndef PASTCAM_EXPORT_SINK_H
#define PASTCAM_EXPORT_SINK_H

#include <stddef.h>

#include "base/chunk.h"
#include "export/seal.h"

/* One of the three: an open file, from its position on; the same, sealed; or a chunk that grows (fd is -1). */
struct sink {
	int fd;
	struct seal *seal;   /* NULL: not sealed */
	struct chunk *chunk; /* the sink's reference; may be taken over when all is written */
};

/* 0, or -errno of the disk, -ENOMEM. */
int sink_write(struct sink *sink, const void *data, size_t bytes);

#endif
