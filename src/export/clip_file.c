#include "clip_file.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_name.h"

static int append(void *data, const void *bytes, size_t count)
{
	const struct fsio_file *file = data;
	return fsio_write(file->fd, bytes, count);
}

static int rewrite(void *data, uint64_t offset, const void *bytes, size_t count)
{
	const struct fsio_file *file = data;
	ssize_t written;
	do {
		written = pwrite(file->fd, bytes, count, (off_t)offset);
	} while (written < 0 && errno == EINTR);
	return written < 0 ? -errno : (size_t)written == count ? 0 : -EIO;
}

static int sync_data(void *data)
{
	const struct fsio_file *file = data;
	while (fdatasync(file->fd) < 0) {
		if (errno == EINVAL) /* some filesystems cannot */
			return 0;
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

struct mp4_sink clip_file_sink(struct fsio_file *file)
{
	return (struct mp4_sink){ append, rewrite, sync_data, file };
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

void clip_file_leave(struct fsio_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	if (file->folder >= 0)
		close(file->folder);
	*file = FSIO_FILE_NULL;
}

int clip_file_finish(struct fsio_file *file, struct mp4_writer *writer, int64_t end_ns, const char *base,
                     struct clip_result *result, struct error *error)
{
	const char *within = file->within;
	char name[FSIO_NAME_BYTES];
	unsigned number = 1;
	struct stat status;
	int code = add_index(file, writer, end_ns);
	if (code == 0 && fstat(file->fd, &status) < 0)
		code = -errno;
	if (code == -ENODATA) {
		fsio_abort(file);
		return error_set(error, code, "nothing of the clip is whole");
	}
	if (code < 0) {
		snprintf(result->path, sizeof result->path, "%s/%s", within, file->temporary);
		clip_file_leave(file);
		return fsio_explain(error, code, within);
	}
	result->bytes = status.st_size;
	result->frames = mp4_frames(writer);
	code = fsio_commit(file, base, FILE_NAME_CLIP, &number, name, error);
	if (code == 0)
		snprintf(result->path, sizeof result->path, "%s/%s", within, name);
	return code;
}
