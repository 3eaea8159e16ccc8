#include "plane_layout.h"

struct plane_layout plane_layout_of(enum pixel_format format, size_t stride, size_t rows, size_t frame_bytes)
{
	struct plane_layout layout = { .count = 1, .stride = { stride }, .length = { stride * rows } };
	size_t chroma_rows = (rows + 1) / 2;

	if (format == PIXEL_NV12) {
		layout.count = 2;
		layout.stride[1] = stride;
	} else if (format == PIXEL_YUV420) {
		layout.count = 3;
		layout.stride[1] = layout.stride[2] = stride / 2;
	}
	layout.bytes = layout.length[0];
	for (size_t i = 1; i < layout.count; i++) {
		layout.offset[i] = layout.bytes;
		layout.length[i] = layout.stride[i] * chroma_rows;
		layout.bytes += layout.length[i];
	}
	if (frame_bytes > layout.bytes) {
		layout.length[layout.count - 1] += frame_bytes - layout.bytes;
		layout.bytes = frame_bytes;
	}
	return layout;
}
