/* The limits that a cgroup sets, as the files of both versions tell them. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fsio.h"
#include "base/memory.h"
#include "memory_files.h"

/* What one version of the cgroup files is called. reclaimable: keys of memory.stat, of which share may be taken. */
struct cgroup_files {
	const char *controller; /* in /proc/self/cgroup; "" is version 2 */
	const char *mount;      /* beneath the root of all */
	const char *limits[2], *used;
	struct {
		const char *key;
		double share;
	} reclaimable[3];
};

/* The kernel gives up files' pages before it kills anybody. Those on the active list are in use by someone, so only
 * half of them count, as in MemAvailable's spirit. Version 1 counts what is below a group under other names. */
static const struct cgroup_files VERSIONS[] = {
	{ "",
	  "",
	  { "memory.max", "memory.high" },
	  "memory.current",
	  { { "inactive_file", 1 }, { "active_file", 0.5 }, { "slab_reclaimable", 1 } } },
	{ "memory",
	  "/memory",
	  { "memory.limit_in_bytes", NULL },
	  "memory.usage_in_bytes",
	  { { "total_inactive_file", 1 }, { "total_active_file", 0.5 }, { NULL, 0 } } },
};

static const uint64_t no_limit = (uint64_t)1 << 60; /* version 1 has a number near 2^63 for it */

static bool read_file(const char *folder, const char *name, char *text, size_t bytes)
{
	char path[FSIO_PATH_BYTES];
	return snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path &&
	       fsio_read_small(path, text, bytes) > 0;
}

static bool read_bytes(const char *folder, const char *name, uint64_t *bytes)
{
	char text[64], *end;
	if (!name || !read_file(folder, name, text, sizeof text))
		return false;
	*bytes = strtoull(text, &end, 10);
	return end != text; /* "max" is no number: no limit */
}

/* The value of a line `key 123`; 0 without one. */
static uint64_t stat_value(const char *text, const char *key)
{
	size_t length = strlen(key);
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) == 0 && line[length] == ' ')
			return strtoull(line + length, NULL, 10);
	}
	return 0;
}

static uint64_t reclaimable(const struct cgroup_files *files, const char *folder)
{
	char text[MEMORY_TEXT_BYTES];
	double sum = 0;
	if (!read_file(folder, "memory.stat", text, sizeof text))
		return 0;
	for (size_t i = 0; i < sizeof files->reclaimable / sizeof files->reclaimable[0] && files->reclaimable[i].key; i++)
		sum += files->reclaimable[i].share * (double)stat_value(text, files->reclaimable[i].key);
	return (uint64_t)sum;
}

/* The limit of one group, and what of it is taken. False without one. */
static bool look_at(const struct cgroup_files *files, const char *folder, struct memory_cgroup *group)
{
	uint64_t limit, used = 0;
	*group = (struct memory_cgroup){ .limit = UINT64_MAX, .full_avg10 = -1 };
	for (size_t i = 0; i < 2; i++)
		if (read_bytes(folder, files->limits[i], &limit) && limit < no_limit && limit < group->limit)
			group->limit = limit;
	if (group->limit == UINT64_MAX)
		return false;
	read_bytes(folder, files->used, &used);
	uint64_t spare = reclaimable(files, folder);
	used = used > spare ? used - spare : 0;
	group->used = used < group->limit ? used : group->limit;
	char path[FSIO_PATH_BYTES];
	if (snprintf(path, sizeof path, "%s/memory.pressure", folder) < (int)sizeof path)
		group->full_avg10 = memory_read_full_avg10(path);
	return true;
}

/* Takes over the limits of a cgroup and all above it, where one leaves less room than what is known so far. */
static void narrow(struct memory_cgroup *least, const struct cgroup_files *files, const char *mount, char *path)
{
	for (;;) {
		char folder[FSIO_PATH_BYTES];
		struct memory_cgroup group;
		if (snprintf(folder, sizeof folder, "%s%s%s", mount, files->mount, path) < (int)sizeof folder &&
		    look_at(files, folder, &group) &&
		    (least->limit == UINT64_MAX || group.limit - group.used < least->limit - least->used))
			*least = group;
		char *slash = strrchr(path, '/');
		if (!slash)
			return;
		*slash = '\0';
	}
}

/* True when list, with commas between, has the name; "" is in an empty list only. */
static bool has_controller(const char *list, const char *name)
{
	size_t length = strlen(name);
	if (length == 0)
		return list[0] == '\0';
	for (const char *at = list; (at = strstr(at, name)) != NULL; at += length)
		if ((at == list || at[-1] == ',') && (at[length] == ',' || at[length] == '\0'))
			return true;
	return false;
}

/* Where the controller puts this process, out of lines `id:controllers:path`. */
static bool group_of(const char *membership, const char *controller, char *group, size_t bytes)
{
	char text[MEMORY_TEXT_BYTES];
	if (fsio_read_small(membership, text, sizeof text) < 0)
		return false;
	char *rest = text, *line;
	while ((line = strsep(&rest, "\n")) != NULL) {
		char *controllers = strchr(line, ':');
		char *path = controllers ? strchr(controllers + 1, ':') : NULL;
		if (!path)
			continue;
		*path++ = '\0';
		if (has_controller(controllers + 1, controller))
			return snprintf(group, bytes, "%s", strcmp(path, "/") == 0 ? "" : path) < (int)bytes;
	}
	return false;
}

struct memory_cgroup memory_cgroup_in(const char *membership, const char *mount)
{
	struct memory_cgroup least = { .limit = UINT64_MAX, .full_avg10 = -1 };
	for (size_t i = 0; i < sizeof VERSIONS / sizeof VERSIONS[0]; i++) {
		char group[FSIO_PATH_BYTES];
		if (group_of(membership, VERSIONS[i].controller, group, sizeof group))
			narrow(&least, &VERSIONS[i], mount, group);
	}
	return least;
}

struct memory_cgroup memory_cgroup(void)
{
	return memory_cgroup_in("/proc/self/cgroup", "/sys/fs/cgroup");
}
