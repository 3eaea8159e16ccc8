#include "clip_reply.h"

#include <endian.h>
#include <string.h>

#include "ask.h"
#include "base/number.h"

enum { TYPE_BYTES = 8 }; /* of the first box: its length, and "ftyp" */

bool clip_reply_is_video(const char *head, size_t length)
{
	return length >= TYPE_BYTES && memcmp(head + 4, "ftyp", 4) == 0;
}

void clip_boxes_feed(struct clip_boxes *boxes, const void *data, size_t length)
{
	const uint8_t *bytes = data;
	while (length > 0 && !boxes->is_broken) {
		bool in_head = boxes->left == 0;
		size_t part = in_head ? sizeof boxes->head - boxes->head_length : (size_t)min_u64(boxes->left, length);
		part = min_size(part, length);
		if (in_head)
			memcpy(boxes->head + boxes->head_length, bytes, part);
		else
			boxes->left -= part;
		boxes->head_length += in_head ? part : 0;
		bytes += part;
		length -= part;
		if (boxes->head_length < sizeof boxes->head)
			continue;
		uint32_t size;
		memcpy(&size, boxes->head, sizeof size);
		size = be32toh(size);
		boxes->is_broken = size < sizeof boxes->head; /* the daemon's have their length in front (media/mp4.h) */
		boxes->left = boxes->is_broken ? 0 : size - sizeof boxes->head;
		boxes->head_length = 0;
	}
}

bool clip_boxes_may_end(const struct clip_boxes *boxes)
{
	return !boxes->is_broken && boxes->left == 0 && boxes->head_length == 0;
}

void clip_reply_refuse(struct request *request, const char *camera, char *text, size_t length,
                       const struct error *error)
{
	text[length] = '\0';
	text[strcspn(text, "\r\n")] = '\0';
	if (length == 0 && error->code == 0)
		request_problem(request, 404, "NO_FRAMES: nothing of that time is in memory");
	else if (length == 0)
		request_problem(request, 503, "camera %s: %s", camera, error->text);
	else if (!ask_is_refused(request, text))
		request_problem(request, 502, "pastcam answered with something else than video");
}
