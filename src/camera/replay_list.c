#include "replay_list.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

/* The list that was closed last, and its folder. */
static struct replay_list before = { .folder = -1 };
static char *before_path;

static int is_picture(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && dot &&
	       (!strcasecmp(dot, ".jpg") || !strcasecmp(dot, ".jpeg") || !strcasecmp(dot, ".png"));
}

static void free_pictures(struct replay_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->pictures[i].name);
	free(list->pictures);
	list->pictures = NULL;
	list->count = 0;
}

static void look_at(const struct replay_list *list, const char *name, int64_t *changed_ns, int64_t *bytes)
{
	struct stat status;

	*changed_ns = *bytes = 0;
	if (fstatat(list->folder, name, &status, 0) < 0)
		return;
	*changed_ns = (int64_t)status.st_mtim.tv_sec * CLOCK_NS_PER_S + status.st_mtim.tv_nsec;
	*bytes = status.st_size;
}

static bool has_changed(const struct replay_list *list, const struct replay_picture *picture)
{
	int64_t changed_ns, bytes;

	look_at(list, picture->name, &changed_ns, &bytes);
	return changed_ns != picture->changed_ns || bytes != picture->bytes;
}

/* Both are in the same order. */
static void remember_told(struct replay_list *list, const char *path)
{
	size_t old = 0;

	if (!before_path || strcmp(before_path, path) != 0)
		return;
	for (size_t i = 0; i < list->count; i++) {
		struct replay_picture *picture = &list->pictures[i];

		assert(picture->name);
		while (old < before.count && strverscmp(before.pictures[old].name, picture->name) < 0)
			old++;
		if (old == before.count)
			return;
		const struct replay_picture *same = &before.pictures[old];
		if (!same->told || strcmp(same->name, picture->name) != 0)
			continue;
		picture->changed_ns = same->changed_ns;
		picture->bytes = same->bytes;
		picture->told = !has_changed(list, picture);
	}
}

static int take_entries(struct replay_list *list, struct dirent **entries, size_t count)
{
	list->pictures = calloc(count, sizeof *list->pictures);
	for (size_t i = 0; i < count; i++) {
		char *name = list->pictures ? strdup(entries[i]->d_name) : NULL;

		free(entries[i]);
		if (name)
			list->pictures[list->count++].name = name;
	}
	free(entries);
	return list->count == count ? 0 : -ENOMEM;
}

static int read_folder(struct replay_list *list, const char *path, struct error *error)
{
	struct dirent **entries = NULL;

	list->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int count = list->folder < 0 ? -1 : scandirat(list->folder, ".", &entries, is_picture, versionsort);
	if (count < 0)
		return error_set(error, -ENODEV, "cannot read camera.replay.path %s: %s", path, strerror(errno));
	if (take_entries(list, entries, (size_t)count) < 0)
		return error_set(error, -ENOMEM, "no memory for the names in camera.replay.path %s", path);
	if (count == 0)
		return error_set(error, -ENODEV, "camera.replay.path %s holds no .jpg, .jpeg or .png file", path);
	return 0;
}

int replay_list_open(struct replay_list *list, const char *path, struct error *error)
{
	*list = REPLAY_LIST_NULL;
	if (!path || !path[0])
		return error_set(error, -EINVAL, "set camera.replay.path to a folder of JPEG or PNG pictures");
	int rc = read_folder(list, path, error);
	if (rc < 0) {
		free_pictures(list);
		replay_list_close(list);
		return rc;
	}
	remember_told(list, path);
	free(before_path);
	before_path = strdup(path);
	return 0;
}

void replay_list_close(struct replay_list *list)
{
	if (list->folder >= 0)
		close(list->folder);
	list->folder = -1;
	if (list->count > 0) {
		free_pictures(&before);
		before = *list;
	}
	*list = REPLAY_LIST_NULL;
}

struct replay_picture *replay_list_next(struct replay_list *list)
{
	if (list->bad == list->count)
		return NULL;
	while (list->pictures[list->next].bad)
		list->next = (list->next + 1) % list->count;
	struct replay_picture *picture = &list->pictures[list->next];
	list->next = (list->next + 1) % list->count;
	return picture;
}

bool replay_list_leave_out(struct replay_list *list, struct replay_picture *picture, bool lasting)
{
	const bool told = picture->told && !(lasting && picture->changed_ns != 0 && has_changed(list, picture));

	list->bad += !picture->bad;
	picture->bad = picture->told = true;
	picture->changed_ns = picture->bytes = 0;
	if (lasting)
		look_at(list, picture->name, &picture->changed_ns, &picture->bytes);
	return !told;
}

void replay_list_look_again(struct replay_list *list)
{
	if (list->bad == 0)
		return;
	while (!list->pictures[list->look].bad)
		list->look = (list->look + 1) % list->count;
	struct replay_picture *picture = &list->pictures[list->look];
	list->look = (list->look + 1) % list->count;
	if (!has_changed(list, picture))
		return;
	picture->bad = false;
	list->bad--;
}
