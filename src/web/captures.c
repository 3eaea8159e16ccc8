#include "captures.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/sealed_name.h"
#include "base/utf8.h"
#include "cameras.h"
#include "file_answer.h"
#include "media/thumbnail.h"
#include "response.h"

enum { LIST_DEFAULT = 200, LIST_MAX = 5000, SCAN_MAX = 200000, THUMBNAIL_WIDTH_MAX = 640 };

const char *captures_type(const char *name)
{
	static const struct {
		const char *end, *type;
	} types[] = {
		{ ".jpg", "image/jpeg" },
		{ ".png", "image/png" },
		{ ".npy", "application/octet-stream" },
		{ ".mp4", "video/mp4" },
	};
	const size_t length = sealed_name_length(name);
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (length > 4 && strncmp(name + length - 4, types[i].end, 4) == 0)
			return name[length] ? "application/octet-stream" : types[i].type;
	return NULL;
}

/* Within the folder and through no link: openat2 where the kernel has it (5.6) and the sandbox lets it, else a name
 * without slashes and O_NOFOLLOW come to the same. */
static int open_beneath(int folder, const char *name)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
		                    .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
	int fd = (int)syscall(SYS_openat2, folder, name, &how, sizeof how);
	if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
		return fd >= 0 ? fd : -errno;
	fd = openat(folder, name, (int)how.flags);
	return fd >= 0 ? fd : -errno;
}

int captures_open(int folder, const char *name)
{
	struct stat status;
	if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') || !captures_type(name))
		return -ENOENT;
	int fd = open_beneath(folder, name);
	if (fd == -ELOOP || fd == -EXDEV || fd == -ENAMETOOLONG)
		return -ENOENT;
	if (fd >= 0 && (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))) {
		close(fd);
		return -ENOENT;
	}
	return fd;
}

int captures_folder(struct request *request)
{
	const char *name = target_value(&request->target, "camera");
	const char *path = captures_path(request->web, name ? name : "");
	if (!path) {
		request_problem(request, 404, "there is no camera \"%.*s\" in the configuration", utf8_fit(name, 32), name);
		return -1;
	}
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0 && errno == ENOENT)
		request_problem(request, 404, "nothing has been saved yet: %.200s is not there", path);
	else if (folder < 0)
		request_problem(request, 503, "the folder %.200s cannot be read: %s", path, strerror(errno));
	return folder;
}

/* --- the list --- */

struct entry {
	char name[256];
	int64_t bytes;
	double epoch;
};

static int newest_first(const void *one, const void *other)
{
	const struct entry *a = one, *b = other;
	if (a->epoch != b->epoch)
		return a->epoch < b->epoch ? 1 : -1;
	return strcmp(b->name, a->name);
}

static size_t scan(DIR *directory, struct entry **entries, double before)
{
	size_t count = 0, room = 0;
	const struct dirent *found;
	while (count < SCAN_MAX && (found = readdir(directory)) != NULL) {
		struct stat status;
		if (found->d_name[0] == '.' || !captures_type(found->d_name) ||
		    fstatat(dirfd(directory), found->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(status.st_mode))
			continue;
		double epoch = (double)status.st_mtim.tv_sec + (double)status.st_mtim.tv_nsec / 1e9;
		if (before > 0 && epoch >= before)
			continue;
		if (count == room) {
			struct entry *larger = realloc(*entries, (room = room ? 2 * room : 256) * sizeof **entries);
			if (!larger)
				break;
			*entries = larger;
		}
		struct entry *entry = &(*entries)[count++];
		*entry = (struct entry){ .bytes = status.st_size, .epoch = epoch };
		snprintf(entry->name, sizeof entry->name, "%s", found->d_name);
	}
	return count;
}

static cJSON *list_json(const struct entry *entries, size_t count, size_t limit)
{
	cJSON *json = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(json, "files");
	for (size_t i = 0; i < count && i < limit; i++) {
		cJSON *file = cJSON_CreateObject();
		cJSON_AddStringToObject(file, "name", entries[i].name);
		cJSON_AddNumberToObject(file, "bytes", (double)entries[i].bytes);
		cJSON_AddNumberToObject(file, "epoch", entries[i].epoch);
		cJSON_AddItemToArray(list, file);
	}
	cJSON_AddNumberToObject(json, "total", (double)count);
	return json;
}

void captures_list(struct request *request)
{
	struct error error = { 0 };
	long limit = LIST_DEFAULT;
	const char *before = target_value(&request->target, "before");
	if (target_number(&request->target, "limit", 1, LIST_MAX, &limit, &error) < 0) {
		request_bad(request, &error);
		return;
	}
	int folder = captures_folder(request);
	DIR *directory = folder >= 0 ? fdopendir(folder) : NULL;
	if (!directory) {
		if (folder >= 0)
			close(folder);
		if (!request->is_answered)
			request_respond(request, 500, NULL);
		return;
	}
	struct entry *entries = NULL;
	size_t count = scan(directory, &entries, before ? strtod(before, NULL) : 0);
	closedir(directory);
	if (count > 0)
		qsort(entries, count, sizeof *entries, newest_first);
	request_json(request, 200, list_json(entries, count, (size_t)limit));
	free(entries);
}

/* --- one file --- */

static void write_tag(const struct stat *status, char tag[64])
{
	snprintf(tag, 64, "\"%" PRIx64 "-%" PRIx64 "-%" PRIx64 "\"", (uint64_t)status->st_ino, (uint64_t)status->st_size,
	         (uint64_t)status->st_mtim.tv_sec * 1000000000U + (uint64_t)status->st_mtim.tv_nsec);
}

/* Takes over fd. */
static void answer_thumbnail(struct request *request, int fd, long width, const char *tag)
{
	struct thumbnail thumbnail;
	struct error error = { 0 };
	int result = thumbnail_make(fd, (int)width, &thumbnail, &error);
	close(fd);
	if (result < 0) {
		request_problem(request, 422, "no thumbnail: %s", error.text);
		return;
	}
	struct MHD_Response *response =
	    MHD_create_response_from_buffer(thumbnail.length, thumbnail.jpeg, MHD_RESPMEM_MUST_FREE);
	if (response) {
		response_header(response, "Content-Type", "image/jpeg");
		response_header(response, "Cache-Control", "private, max-age=86400");
		response_header(response, "ETag", tag);
	} else {
		free(thumbnail.jpeg);
	}
	request_respond(request, 200, response);
}

static void answer_known(struct request *request, const char *tag)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT);
	if (response) {
		response_header(response, "ETag", tag);
		response_header(response, "Cache-Control", "private, no-cache");
	}
	request_respond(request, 304, response);
}

static void explain(struct request *request, int code)
{
	if (code == -ENOENT)
		request_problem(request, 404, "there is no such file: it may have been deleted to make room");
	else
		request_problem(request, 503, "the file cannot be read: %s", strerror(-code));
}

void captures_get(struct request *request)
{
	char tag[64];
	long width = 0;
	struct stat status;
	struct error error = { 0 };
	if (target_number(&request->target, "width", 16, THUMBNAIL_WIDTH_MAX, &width, &error) < 0) {
		request_bad(request, &error);
		return;
	}
	int folder = captures_folder(request);
	if (folder < 0)
		return;
	int fd = captures_open(folder, request->tail);
	close(folder);
	if (fd < 0) {
		explain(request, fd);
		return;
	}
	if (fstat(fd, &status) < 0) {
		close(fd);
		explain(request, -errno);
		return;
	}
	write_tag(&status, tag);
	const char *known = request_header(request, "If-None-Match");
	if (known && strstr(known, tag)) {
		close(fd);
		answer_known(request, tag);
	} else if (width > 0 && sealed_name_is_one(request->tail)) {
		close(fd);
		request_problem(request, 422, "no thumbnail: the file is sealed, and only who has the key opens it");
	} else if (width > 0) {
		answer_thumbnail(request, fd, width, tag);
	} else {
		const char *download = target_value(&request->target, "download") ? request->tail : NULL;
		file_answer(request, fd, (uint64_t)status.st_size, tag, captures_type(request->tail), download);
	}
}

void captures_delete(struct request *request)
{
	int folder = captures_folder(request);
	if (folder < 0)
		return;
	int fd = captures_open(folder, request->tail);
	int result = fd < 0 ? fd : unlinkat(folder, request->tail, 0) < 0 ? -errno : 0;
	if (fd >= 0)
		close(fd);
	close(folder);
	if (result == -EACCES || result == -EPERM || result == -EROFS)
		request_problem(request, 403, "pastcam-web may not delete here: its user may only read the captures");
	else if (result < 0)
		explain(request, result);
	else
		request_respond(request, 204, MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT));
}
