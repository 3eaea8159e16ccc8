#include <errno.h>
#include <microhttpd.h>
#include <string.h>

#include "captures.h"
#include "response.h"
#include "zip.h"

enum { BLOCK_BYTES = 64 * 1024 };

static ssize_t read_zip(void *data, uint64_t position, char *buffer, size_t room)
{
	(void)position;
	ssize_t bytes = zip_read(data, buffer, room);
	if (bytes == 0)
		return MHD_CONTENT_READER_END_OF_STREAM;
	return bytes > 0 ? bytes : MHD_CONTENT_READER_END_WITH_ERROR;
}

static void free_zip(void *data)
{
	zip_destroy(data);
}

void captures_zip(struct request *request)
{
	const char *files = target_value(&request->target, "files");
	int folder = captures_folder(request);
	if (folder < 0)
		return;
	struct zip *zip = zip_create(folder, files ? files : "");
	if (!zip) {
		request_problem(request, 400, "files must be 1 to %d names with commas between", ZIP_FILES_MAX);
		return;
	}
	struct MHD_Response *response =
	    MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, read_zip, zip, free_zip);
	if (!response) {
		zip_destroy(zip);
	} else {
		response_header(response, "Content-Type", "application/zip");
		response_header(response, "Content-Disposition", "attachment; filename=\"pastcam.zip\"");
	}
	request_respond(request, 200, response);
}
