#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/camera_name.h"
#include "base/clock.h"
#include "client/client.h"

enum { PATH_ROOM = 512, LOOK_EVERY_S = 2 };

static const char suffix[] = ".sock";

struct client_cameras {
	struct loop *loop;
	struct loop_watch *timer, *watch;
	int inotify;
	char folder[PATH_ROOM];
	client_camera_change change;
	void *data;
	struct client_camera_list known;
	bool is_telling, is_destroyed;
};

static bool name_of_socket(int folder, const char *file, char name[CAMERA_NAME_BYTES])
{
	size_t length = strlen(file), end = sizeof suffix - 1;
	struct stat status;
	if (length <= end || strcmp(file + length - end, suffix) != 0 || !camera_name_is_good(file, length - end))
		return false;
	if (fstatat(folder, file, &status, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISSOCK(status.st_mode))
		return false;
	memcpy(name, file, length - end);
	name[length - end] = '\0';
	return true;
}

static int by_name(const void *one, const void *other)
{
	return strcmp(one, other);
}

int client_cameras_list(const char *folder, struct client_camera_list *list)
{
	list->count = 0;
	DIR *directory = opendir(folder);
	if (!directory)
		return errno == ENOENT ? 0 : -errno;
	const struct dirent *entry;
	while (list->count < CLIENT_CAMERAS_MAX && (entry = readdir(directory)) != NULL)
		if (name_of_socket(dirfd(directory), entry->d_name, list->names[list->count]))
			list->count++;
	closedir(directory);
	qsort(list->names, list->count, sizeof list->names[0], by_name);
	return 0;
}

static bool is_in(const struct client_camera_list *list, const char *name)
{
	return bsearch(name, list->names, list->count, sizeof list->names[0], by_name) != NULL;
}

/* Tells of those in one list that are not in the other. */
static void tell(struct client_cameras *cameras, const struct client_camera_list *in,
                 const struct client_camera_list *not_in, bool is_there)
{
	for (size_t i = 0; i < in->count && !cameras->is_destroyed; i++) {
		char path[PATH_ROOM + CAMERA_NAME_BYTES + sizeof suffix];
		if (is_in(not_in, in->names[i]))
			continue;
		snprintf(path, sizeof path, "%s/%s%s", cameras->folder, in->names[i], suffix);
		cameras->change(cameras->data, in->names[i], path, is_there);
	}
}

static void stop_watching(struct client_cameras *cameras)
{
	loop_remove(cameras->watch);
	cameras->watch = NULL;
	if (cameras->inotify >= 0)
		close(cameras->inotify);
	cameras->inotify = -1;
}

static void free_cameras(struct client_cameras *cameras)
{
	stop_watching(cameras);
	loop_remove(cameras->timer);
	free(cameras);
}

/* What is known while the folder cannot be read stays as it is. */
static void look(struct client_cameras *cameras)
{
	struct client_camera_list before = cameras->known, now;
	if (client_cameras_list(cameras->folder, &now) < 0)
		return;
	cameras->known = now;
	cameras->is_telling = true;
	tell(cameras, &before, &now, false);
	tell(cameras, &now, &before, true);
	cameras->is_telling = false;
	if (cameras->is_destroyed)
		free_cameras(cameras);
}

static void watch_folder(struct client_cameras *cameras);

/* Only while the folder cannot be watched: it may come, or come anew. */
static void on_timer(void *data, uint32_t times)
{
	(void)times;
	struct client_cameras *cameras = data;
	watch_folder(cameras);
	look(cameras);
}

/* A hint to look. When the folder itself goes, or what it said did not fit, it is watched anew. */
static void on_inotify(void *data, uint32_t events)
{
	(void)events;
	struct client_cameras *cameras = data;
	_Alignas(struct inotify_event) char bytes[4096];
	bool has_gone = false;
	ssize_t length;
	while ((length = read(cameras->inotify, bytes, sizeof bytes)) > 0) {
		for (ssize_t at = 0; at < length;) {
			const struct inotify_event *event = (const struct inotify_event *)(bytes + at);
			has_gone |= (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)) != 0;
			at += (ssize_t)(sizeof *event + event->len);
		}
	}
	if (has_gone)
		watch_folder(cameras);
	look(cameras);
}

/* The folder that has the name now; while that fails, it is looked at every two seconds. */
static void watch_folder(struct client_cameras *cameras)
{
	const uint32_t mask = IN_CREATE | IN_DELETE | IN_MOVE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
	stop_watching(cameras);
	cameras->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (cameras->inotify >= 0 && inotify_add_watch(cameras->inotify, cameras->folder, mask) >= 0)
		cameras->watch = loop_add(cameras->loop, cameras->inotify, EPOLLIN, on_inotify, cameras);
	int64_t period_ns = cameras->watch ? 0 : LOOK_EVERY_S * CLOCK_NS_PER_S;
	if (!cameras->watch)
		stop_watching(cameras);
	loop_set_timer(cameras->timer, period_ns, period_ns);
}

struct client_cameras *client_cameras_watch(struct loop *loop, const char *folder, client_camera_change change,
                                            void *data, struct error *error)
{
	if (strlen(folder) >= PATH_ROOM) {
		error_set(error, -ENAMETOOLONG, "the folder of the sockets has more than %d bytes", PATH_ROOM - 1);
		return NULL;
	}
	struct client_cameras *cameras = calloc(1, sizeof *cameras);
	struct loop_watch *timer = cameras ? loop_add_timer(loop, on_timer, cameras) : NULL;
	if (!timer) {
		error_set(error, -ENOMEM, "no memory to watch %.100s", folder);
		free(cameras);
		return NULL;
	}
	*cameras = (struct client_cameras){ .loop = loop, .timer = timer, .inotify = -1, .change = change, .data = data };
	strcpy(cameras->folder, folder);
	watch_folder(cameras);
	look(cameras);
	return cameras; /* NOLINT(clang-analyzer-unix.Malloc): nobody has it yet who could destroy it while look tells */
}

void client_cameras_destroy(struct client_cameras *cameras)
{
	if (!cameras)
		return;
	cameras->is_destroyed = true;
	if (!cameras->is_telling) /* else who tells frees it */
		free_cameras(cameras);
}
