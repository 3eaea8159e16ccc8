#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clip_file.h"
#include "file_name.h"

static int read_exactly(void *data, uint64_t offset, void *bytes, size_t count)
{
	const struct clip_file *file = data;
	uint8_t *to = bytes;
	while (count > 0) {
		ssize_t got = pread(file->file.fd, to, count, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -ENODATA;
		to += got;
		offset += (uint64_t)got;
		count -= (size_t)got;
	}
	return 0;
}

/* ".clip-BASE+UNIQUE" becomes "BASE-recovered". */
static void recovered_base(const char *name, char base[FSIO_NAME_BYTES])
{
	const char *begin = name + strlen(CLIP_FILE_PREFIX), *end = strchr(begin, CLIP_FILE_MARK);
	snprintf(base, FSIO_NAME_BYTES, "%.*s" FILE_NAME_RECOVERED, end ? (int)(end - begin) : (int)strlen(begin), begin);
}

/* What is in it can only be told by whom it is sealed for, and its end is missing: it gets its name as it is. */
static int name_sealed(struct fsio_file *file, struct clip_recovered *recovered, struct error *error)
{
	struct stat status;
	char base[FSIO_NAME_BYTES], name[FSIO_NAME_BYTES];
	uint8_t head[SEAL_HEAD_BYTES];
	unsigned number = 1;
	const char *within = file->within;
	ssize_t got = pread(file->fd, head, sizeof head, 0);
	if (got < 0 || fstat(file->fd, &status) < 0)
		return fsio_explain(error, -errno, within);
	if (seal_readable_bytes(head, (size_t)got, (uint64_t)status.st_size) == 0)
		return error_set(error, -EINVAL, "nothing of it is whole");
	recovered->sealed = true;
	recovered->result.bytes = status.st_size;
	recovered_base(file->temporary, base);
	int result = fsio_commit(file, base, FILE_NAME_SEALED_CLIP, &number, name, error);
	if (result == 0)
		snprintf(recovered->result.path, sizeof recovered->result.path, "%s/%s", within, name);
	return result;
}

static int finish(struct clip_file *file, struct clip_recovered *recovered, struct error *error)
{
	struct stat status;
	struct mp4_recovered found;
	struct mp4_writer *writer;
	char base[FSIO_NAME_BYTES];
	if (fstat(file->file.fd, &status) < 0)
		return fsio_explain(error, -errno, file->file.within);
	const struct mp4_source source = { read_exactly, (uint64_t)status.st_size, file };
	const struct mp4_sink sink = clip_file_sink(file, false);
	int result = mp4_recover(&source, &sink, &found, &writer, error);
	if (result < 0)
		return result;
	recovered->seconds = found.seconds;
	recovered->created_wall_ns = found.created_wall_ns;
	recovered_base(file->file.temporary, base);
	if (ftruncate(file->file.fd, (off_t)found.whole_bytes) < 0 || lseek(file->file.fd, 0, SEEK_END) < 0)
		result = fsio_explain(error, -errno, file->file.within);
	else
		result = clip_file_finish(file, writer, 0, base, &recovered->result, error);
	mp4_destroy(writer);
	return result;
}

/* True when it was finished. One that another process is writing is none of ours. */
static bool recover_one(const char *base_dir, const char *name, struct clip_recovered *recovered, struct error *error)
{
	struct clip_file file = CLIP_FILE_NULL;
	*recovered = (struct clip_recovered){ 0 };
	snprintf(recovered->result.path, sizeof recovered->result.path, "%s/%s", base_dir, name);
	if (fsio_resume(&file.file, base_dir, name, error) < 0)
		return false;
	int result = sealed_name_is_one(name) ? name_sealed(&file.file, recovered, error) : finish(&file, recovered, error);
	if (result == -EINVAL)
		clip_file_abort(&file); /* nothing in it is whole */
	else
		clip_file_leave(&file);
	return result == 0;
}

int clip_recover(const char *base_dir,
                 void (*told)(void *data, const struct clip_recovered *recovered, const struct error *error),
                 void *data)
{
	struct clip_recovered recovered;
	int count = 0;
	DIR *listing = opendir(base_dir);
	if (!listing)
		return -errno;
	for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
		struct error error = { 0 };
		if (strncmp(entry->d_name, CLIP_FILE_PREFIX, strlen(CLIP_FILE_PREFIX)) != 0 ||
		    strlen(entry->d_name) >= FSIO_NAME_BYTES)
			continue;
		count += recover_one(base_dir, entry->d_name, &recovered, &error);
		if (error.code != -EBUSY)
			told(data, &recovered, &error);
	}
	closedir(listing);
	return count;
}
