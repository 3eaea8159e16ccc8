#include "export/export.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sealed_name.h"
#include "codec.h"
#include "export/manifest.h"
#include "file_name.h"
#include "media/frame.h"
#include "names_given.h"
#include "png_strips.h"

/* In the order of writing: the quickest first. */
static const struct codec *const codecs[EXPORT_FORMAT_COUNT] = { &codec_jpg, &codec_png, &codec_npy };

enum { EXPORT_LIBRARY_BYTES = 128 * 1024, EXPORT_LIBRARY_BYTES_PER_COLUMN = 48, EXTENSION_BYTES = 16 };

/* One codec works at a time. libjpeg keeps some rows of every component: 100 KiB and 30 bytes a column were measured.
 */
size_t export_scratch_bytes(int width, int height, size_t pool_width)
{
	return png_strips_scratch_bytes(width, height, pool_width) + EXPORT_LIBRARY_BYTES +
	       (size_t)width * EXPORT_LIBRARY_BYTES_PER_COLUMN;
}

static const char *extension_of(const struct codec *codec, const struct export_params *params,
                                char text[EXTENSION_BYTES])
{
	snprintf(text, EXTENSION_BYTES, "%s%s", export_format_name(codec->format),
	         seal_is_wanted(params->seal) ? SEALED_NAME_END : "");
	return text;
}

static bool is_taken(const struct export_params *params, const char *base, unsigned number, unsigned formats)
{
	const char *folder = params->base_dir;
	char name[FSIO_NAME_BYTES], path[FSIO_PATH_BYTES + FSIO_NAME_BYTES], extension[EXTENSION_BYTES];

	for (size_t i = 0; i < EXPORT_FORMAT_COUNT; i++) {
		if (!(formats & (unsigned)codecs[i]->format))
			continue;
		fsio_name(name, base, number, extension_of(codecs[i], params, extension));
		snprintf(path, sizeof path, "%s/%s", folder, name);
		if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	}
	return false;
}

static int encode_sealed(const struct codec *codec, const struct export_params *params, struct pool *pool,
                         const struct picture *picture, int fd, struct error *error)
{
	int result;
	struct seal *seal = seal_begin(params->seal, fd, &result);
	if (!seal)
		return result == -ENOMEM ? error_set(error, result, "no memory to seal the picture") : result;
	result = codec->write(params, pool, picture, &(struct sink){ .fd = fd, .seal = seal }, error);
	if (result == 0)
		result = seal_finish(seal);
	seal_end(seal);
	return result;
}

static int encode_to(const struct codec *codec, const struct export_params *params, struct pool *pool,
                     const struct picture *picture, int fd, struct error *error)
{
	if (seal_is_wanted(params->seal))
		return encode_sealed(codec, params, pool, picture, fd, error);
	return codec->write(params, pool, picture, &(struct sink){ .fd = fd }, error);
}

static int write_one(const struct codec *codec, const struct export_params *params, struct pool *pool,
                     const struct picture *picture, unsigned *number, char path[FSIO_PATH_BYTES], struct error *error)
{
	struct fsio_file file;
	char base[FILE_NAME_BASE_BYTES], name[FSIO_NAME_BYTES], extension[EXTENSION_BYTES];

	int result = fsio_begin(&file, params->base_dir, params->device, error);
	if (result < 0)
		return result;
	result = encode_to(codec, params, pool, picture, file.fd, error);
	if (result < 0) {
		fsio_abort(&file);
		return result == -EINVAL || result == -ENOMEM ? result : fsio_explain(error, result, params->base_dir);
	}
	file_name_base(params->camera, picture->wall_ns, picture->frame_id, base);
	result = fsio_commit(&file, base, extension_of(codec, params, extension), number, name, error);
	if (result == 0)
		snprintf(path, FSIO_PATH_BYTES, "%s/%s", params->base_dir, name);
	return result;
}

void export_format_list(unsigned formats, size_t most, char *text, size_t bytes)
{
	size_t length = 0;
	text[0] = '\0';
	for (size_t i = 0; i < EXPORT_FORMAT_COUNT && most > 0 && length < bytes; i++) {
		if (!(formats & (unsigned)codecs[i]->format))
			continue;
		length += (size_t)snprintf(text + length, bytes - length, "%s%s", length ? "," : "",
		                           export_format_name(codecs[i]->format));
		most--;
	}
}

int export_picture(const struct export_params *params, struct pool *pool, const struct picture *picture,
                   unsigned formats, struct export_result *result, struct error *error)
{
	char base[FILE_NAME_BASE_BYTES];
	unsigned number = 1;
	int signed_code = 0;

	result->count = 0;
	if (strlen(params->base_dir) + FSIO_NAME_BYTES > FSIO_PATH_BYTES)
		return fsio_explain(error, -ENAMETOOLONG, params->base_dir);
	int code = fsio_make_folder(params->base_dir, params->device, error);
	if (code < 0)
		return code;
	file_name_base(params->camera, picture->wall_ns, picture->frame_id, base);
	if (params->given)
		number = names_given_next(params->given, picture->frame_id, formats);
	while (is_taken(params, base, number, formats))
		number++;
	for (size_t i = 0; i < EXPORT_FORMAT_COUNT && code == 0 && signed_code == 0; i++) {
		if (!(formats & (unsigned)codecs[i]->format))
			continue;
		code = write_one(codecs[i], params, pool, picture, &number, result->paths[result->count], error);
		if (code == 0 && params->wrote)
			params->wrote(params->wrote_data, result->paths[result->count]);
		result->count += code == 0;
		if (code == 0 && params->manifest)
			signed_code = manifest_saved(params->manifest, result->paths[result->count - 1], error);
		if (code == 0 && params->given)
			names_given_note(params->given, picture->frame_id, (unsigned)codecs[i]->format, number);
	}
	return code < 0 ? code : signed_code;
}

/* What a picture takes before it is known: a chunk grows, and moving it costs. */
static size_t first_room(const struct picture *picture, enum export_format format)
{
	size_t pixels = frame_bytes(picture->width, picture->height);
	return format == EXPORT_JPG ? pixels / 16 + 4096 : format == EXPORT_PNG ? pixels / 2 + 4096 : pixels + 256;
}

int export_encode(const struct export_params *params, struct pool *pool, const struct picture *picture,
                  enum export_format format, struct chunk **bytes, struct error *error)
{
	struct sink sink = { .fd = -1, .chunk = chunk_create(first_room(picture, format)) };
	if (!sink.chunk)
		return error_set(error, -ENOMEM, "no memory for the picture");
	int result = -EINVAL;
	for (size_t i = 0; i < EXPORT_FORMAT_COUNT; i++)
		if (codecs[i]->format == format)
			result = codecs[i]->write(params, pool, picture, &sink, error);
	if (result < 0) {
		chunk_release(sink.chunk);
		return result;
	}
	*bytes = sink.chunk;
	return 0;
}
