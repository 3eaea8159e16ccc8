#include "file_answer.h"

#include <inttypes.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "range.h"
#include "response.h"

static void answer_unsatisfiable(struct request *request, uint64_t size)
{
	char text[64];
	struct MHD_Response *response = MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT);
	snprintf(text, sizeof text, "bytes */%" PRIu64, size);
	if (response)
		response_header(response, "Content-Range", text);
	request_respond(request, 416, response);
}

static void add_headers(struct MHD_Response *response, const char *tag, const char *type, const char *download)
{
	char text[320];
	response_header(response, "Accept-Ranges", "bytes");
	response_header(response, "ETag", tag);
	response_header(response, "Cache-Control", "private, no-cache");
	response_header(response, "Content-Type", type);
	if (download && !strpbrk(download, "\"\\")) {
		snprintf(text, sizeof text, "attachment; filename=\"%s\"", download);
		response_header(response, "Content-Disposition", text);
	}
}

void file_answer(struct request *request, int fd, uint64_t size, const char *tag, const char *type,
                 const char *download)
{
	struct range range;
	const char *condition = request_header(request, "If-Range");
	bool is_partial = !request->is_head && (!condition || strcmp(condition, tag) == 0); /* RFC 9110, 14.2 and 13.1.5 */
	const char *header = is_partial ? request_header(request, "Range") : NULL;
	enum range_kind kind = range_parse(header, size, &range);
	if (kind == RANGE_NONE) {
		close(fd);
		answer_unsatisfiable(request, size);
		return;
	}
	uint64_t length = size > 0 ? range.last - range.first + 1 : 0;
	struct MHD_Response *response = MHD_create_response_from_fd_at_offset64(length, fd, range.first);
	if (!response) {
		close(fd);
		request_respond(request, 500, NULL);
		return;
	}
	add_headers(response, tag, type, download);
	if (kind == RANGE_PART) {
		char text[96];
		snprintf(text, sizeof text, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, range.first, range.last, size);
		response_header(response, "Content-Range", text);
	}
	request_respond(request, kind == RANGE_PART ? 206 : 200, response);
}
