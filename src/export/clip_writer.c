#include "export/clip_writer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "clip_file.h"
#include "file_name.h"

struct clip_writer {
	struct clip_params params;
	char base[FILE_NAME_BASE_BYTES];
	struct clip_file file;
	struct mp4_writer *video;
};

static int begin_seal(struct clip_writer *writer, struct error *error)
{
	int result;
	writer->file.seal = seal_begin(writer->params.seal, writer->file.file.fd, &result);
	return writer->file.seal ? 0 : fsio_explain(error, result, writer->params.base_dir);
}

static int open_file(struct clip_writer *writer, struct error *error)
{
	const struct clip_params *params = &writer->params;
	char name[FSIO_NAME_BYTES];
	if (strlen(params->base_dir) + FSIO_NAME_BYTES > FSIO_PATH_BYTES)
		return fsio_explain(error, -ENAMETOOLONG, params->base_dir);
	int result = fsio_make_folder(params->base_dir, params->device, error);
	if (result < 0)
		return result;
	file_name_base(params->camera, params->wall_ns, params->frame_id, writer->base);
	snprintf(name, sizeof name, CLIP_FILE_PREFIX "%s%c%" PRIx64 "%s", writer->base, CLIP_FILE_MARK,
	         (uint64_t)clock_now_ns(), seal_is_wanted(params->seal) ? SEALED_NAME_END : "");
	result = fsio_begin_as(&writer->file.file, params->base_dir, params->device, name, error);
	return result == 0 && seal_is_wanted(params->seal) ? begin_seal(writer, error) : result;
}

struct clip_writer *clip_writer_open(const struct clip_params *params, struct error *error)
{
	struct clip_writer *writer = calloc(1, sizeof *writer);
	if (!writer) {
		error_set(error, -ENOMEM, "no memory to write a clip");
		return NULL;
	}
	writer->params = *params;
	writer->file = CLIP_FILE_NULL;
	writer->params.video.sink = clip_file_sink(&writer->file, seal_is_wanted(params->seal));
	writer->video = mp4_create(&writer->params.video, error);
	if (writer->video && open_file(writer, error) == 0)
		return writer;
	clip_writer_abort(writer);
	return NULL;
}

void clip_writer_abort(struct clip_writer *writer)
{
	if (!writer)
		return;
	clip_file_abort(&writer->file);
	mp4_destroy(writer->video);
	free(writer);
}

int clip_writer_add(struct clip_writer *writer, const struct packet *packet, struct error *error)
{
	int result = mp4_add(writer->video, packet);
	return result < 0 ? fsio_explain(error, result, writer->params.base_dir) : 0;
}

int clip_writer_finish(struct clip_writer *writer, int64_t end_ns, struct clip_result *result, struct error *error)
{
	*result = (struct clip_result){ 0 };
	int code = clip_file_finish(&writer->file, writer->video, end_ns, writer->base, result, error);
	clip_writer_abort(writer);
	return code;
}
