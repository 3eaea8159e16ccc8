#include "clip_file.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_name.h"

static int append(void *data, const void *bytes, size_t count)
{
	const struct clip_file *file = data;
	return file->seal ? seal_write(file->seal, bytes, count) : fsio_write(file->file.fd, bytes, count);
}

static int rewrite(void *data, uint64_t offset, const void *bytes, size_t count)
{
	const struct clip_file *file = data;
	ssize_t written;
	do {
		written = pwrite(file->file.fd, bytes, count, (off_t)offset);
	} while (written < 0 && errno == EINTR);
	return written < 0 ? -errno : (size_t)written == count ? 0 : -EIO;
}

static int sync_data(void *data)
{
	const struct clip_file *file = data;
	while (fdatasync(file->file.fd) < 0) {
		if (errno == EINVAL) /* some filesystems cannot */
			return 0;
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

struct mp4_sink clip_file_sink(struct clip_file *file, bool sealed)
{
	return (struct mp4_sink){ append, sealed ? NULL : rewrite, sync_data, file };
}

static int cut_off(const struct fsio_file *file, uint64_t bytes)
{
	if (ftruncate(file->fd, (off_t)bytes) < 0 || lseek(file->fd, (off_t)bytes, SEEK_SET) < 0)
		return -errno;
	return 0;
}

static bool is_full(int code)
{
	return code == -ENOSPC || code == -EDQUOT || code == -EFBIG;
}

/* On a full disk fragment after fragment makes room for the index; when not even that helps, what is whole plays as it
 * is. */
static int add_index(const struct fsio_file *file, struct mp4_writer *writer, int64_t end_ns)
{
	int result = mp4_finish(writer, end_ns);
	while (is_full(result)) {
		int cut = cut_off(file, mp4_whole_bytes(writer));
		if (cut < 0)
			return cut;
		result = mp4_finish(writer, end_ns);
		if (is_full(result) && !mp4_drop_last_fragment(writer))
			return cut_off(file, mp4_whole_bytes(writer));
	}
	return result;
}

/* What could not be written ends the file before it. */
static int end_sealed(const struct clip_file *file, struct mp4_writer *writer, int64_t end_ns)
{
	int result = mp4_finish(writer, end_ns);
	if (mp4_whole_bytes(writer) == 0)
		return result < 0 ? result : -ENODATA;
	int last = seal_finish(file->seal);
	return last < 0 ? seal_cut(file->seal) : 0;
}

void clip_file_leave(struct clip_file *file)
{
	seal_end(file->seal);
	if (file->file.fd >= 0)
		close(file->file.fd);
	if (file->file.folder >= 0)
		close(file->file.folder);
	*file = CLIP_FILE_NULL;
}

void clip_file_abort(struct clip_file *file)
{
	seal_end(file->seal);
	fsio_abort(&file->file);
	*file = CLIP_FILE_NULL;
}

int clip_file_finish(struct clip_file *file, struct mp4_writer *writer, int64_t end_ns, const char *base,
                     struct clip_result *result, struct error *error)
{
	const char *within = file->file.within;
	char name[FSIO_NAME_BYTES];
	unsigned number = 1;
	struct stat status;
	int code = file->seal ? end_sealed(file, writer, end_ns) : add_index(&file->file, writer, end_ns);
	if (code == 0 && fstat(file->file.fd, &status) < 0)
		code = -errno;
	if (code == -ENODATA) {
		clip_file_abort(file);
		return error_set(error, code, "nothing of the clip is whole");
	}
	if (code < 0) {
		snprintf(result->path, sizeof result->path, "%s/%s", within, file->file.temporary);
		clip_file_leave(file);
		return fsio_explain(error, code, within);
	}
	result->bytes = status.st_size;
	result->frames = mp4_frames(writer);
	code = fsio_commit(&file->file, base, file->seal ? FILE_NAME_SEALED_CLIP : FILE_NAME_CLIP, &number, name, error);
	if (code == 0)
		snprintf(result->path, sizeof result->path, "%s/%s", within, name);
	clip_file_leave(file);
	return code;
}
