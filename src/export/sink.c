#include "sink.h"

#include "base/fsio.h"

int sink_write(struct sink *sink, const void *data, size_t bytes)
{
	if (sink->seal)
		return seal_write(sink->seal, data, bytes);
	return sink->fd >= 0 ? fsio_write(sink->fd, data, bytes) : chunk_append(&sink->chunk, data, bytes);
}
