#include "clip_reply.h"

#include <string.h>

#include "ask.h"

enum { TYPE_BYTES = 8 }; /* of the first box: its length, and "ftyp" */

bool clip_reply_is_video(const char *head, size_t length)
{
	return length >= TYPE_BYTES && memcmp(head + 4, "ftyp", 4) == 0;
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
