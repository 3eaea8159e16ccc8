/* A video file in memory, and packets to put into it. */
#ifndef PASTCAM_TEST_MP4_RIG_H
#define PASTCAM_TEST_MP4_RIG_H

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "media/mp4.h"

enum { MP4_RIG_BYTES = 4 << 20 };

struct mp4_rig {
	uint8_t data[MP4_RIG_BYTES];
	uint64_t bytes, limit; /* limit: the disk is full there */
	int syncs, rewrites;
};

static inline int mp4_rig_write(void *data, const void *bytes, size_t count)
{
	struct mp4_rig *rig = data;
	size_t fits = rig->limit - rig->bytes < count ? (size_t)(rig->limit - rig->bytes) : count;
	memcpy(rig->data + rig->bytes, bytes, fits);
	rig->bytes += fits;
	return fits == count ? 0 : -ENOSPC;
}

static inline int mp4_rig_rewrite(void *data, uint64_t offset, const void *bytes, size_t count)
{
	struct mp4_rig *rig = data;
	if (offset > rig->bytes || count > rig->bytes - offset)
		return -EINVAL;
	memcpy(rig->data + offset, bytes, count);
	rig->rewrites++;
	return 0;
}

static inline int mp4_rig_sync(void *data)
{
	struct mp4_rig *rig = data;
	rig->syncs++;
	return 0;
}

static inline int mp4_rig_read(void *data, uint64_t offset, void *bytes, size_t count)
{
	const struct mp4_rig *rig = data;
	if (offset > rig->bytes || count > rig->bytes - offset)
		return -EINVAL;
	memcpy(bytes, rig->data + offset, count);
	return 0;
}

static inline struct mp4_sink mp4_rig_sink(struct mp4_rig *rig)
{
	return (struct mp4_sink){ mp4_rig_write, mp4_rig_rewrite, mp4_rig_sync, rig };
}

static inline struct mp4_source mp4_rig_source(struct mp4_rig *rig)
{
	return (struct mp4_source){ mp4_rig_read, rig->bytes, rig };
}

#endif
