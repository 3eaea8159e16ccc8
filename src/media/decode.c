#include "media/decode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "decode_jpeg.h"
#include "decode_png.h"
#include "media/frame.h"

static uint8_t *find_room(struct decode_room *room, size_t bytes)
{
	if (!room)
		return malloc(bytes);
	if (room->bytes < bytes) {
		free(room->rgb);
		room->rgb = malloc(bytes);
		room->bytes = room->rgb ? bytes : 0;
	}
	return room->rgb;
}

int decode_allocate(struct decoded *decoded, uint32_t width, uint32_t height, struct error *error)
{
	if (width == 0 || height == 0)
		return error_set(error, -EINVAL, "the picture has no pixels");
	if (width > DECODE_PIXELS_MAX / height)
		return error_set(error, -EFBIG, "the picture has %u x %u pixels, more than %d", width, height,
		                 DECODE_PIXELS_MAX);
	decoded->width = (int)width;
	decoded->height = (int)height;
	decoded->rgb = find_room(decoded->room, frame_bytes(decoded->width, decoded->height));
	return decoded->rgb != NULL ? 0 : error_set_errno(error, -ENOMEM, "no room for the picture");
}

int decode_picture_into(const uint8_t *data, size_t bytes, struct decode_room *room, struct decoded *decoded,
                        struct error *error)
{
	static const uint8_t png_begin[] = { 0x89, 'P', 'N', 'G' }, jpeg_begin[] = { 0xff, 0xd8 };
	int result;

	*decoded = (struct decoded){ .room = room };
	if (bytes > sizeof png_begin && memcmp(data, png_begin, sizeof png_begin) == 0)
		result = decode_png(data, bytes, decoded, error);
	else if (bytes > sizeof jpeg_begin && memcmp(data, jpeg_begin, sizeof jpeg_begin) == 0)
		result = decode_jpeg(data, bytes, decoded, error);
	else
		return error_set(error, -EINVAL, "neither a JPEG nor a PNG picture");
	if (result < 0) {
		if (!room)
			free(decoded->rgb);
		*decoded = (struct decoded){ 0 };
	}
	return result;
}

int decode_picture(const uint8_t *data, size_t bytes, struct decoded *decoded, struct error *error)
{
	return decode_picture_into(data, bytes, NULL, decoded, error);
}
