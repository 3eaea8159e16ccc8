#include "retention_scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fsio.h"
#include "export/export.h"

#define DAY_NS (24 * 3600 * CLOCK_NS_PER_S)
enum { DISK_BLOCK_BYTES = 512 /* the unit of st_blocks */ };

/* ext4 keeps times until 2446, int64_t until 2262. */
static int64_t modified_ns(const struct stat *status)
{
	const int64_t most_s = INT64_MAX / CLOCK_NS_PER_S - 1;
	int64_t second = status->st_mtim.tv_sec;
	second = second > most_s ? most_s : second < -most_s ? -most_s : second;
	return second * CLOCK_NS_PER_S + status->st_mtim.tv_nsec;
}

static int compare(const void *left, const void *right)
{
	const struct scan_picture *a = left, *b = right;
	if (a->ahead != b->ahead)
		return a->ahead ? -1 : 1;
	if (a->modified_ns != b->modified_ns)
		return a->modified_ns < b->modified_ns ? -1 : 1;
	return strcmp(a->name, b->name);
}

int64_t scan_age_order(const struct scan_picture *picture)
{
	return picture->modified_ns / 4 - (picture->ahead ? INT64_MAX / 2 : 0);
}

/* Puts picture where the heap, whose top is the newest, has a hole at index. */
static void sift_down(struct scan *scan, size_t index, const struct scan_picture *picture)
{
	for (size_t child; (child = 2 * index + 1) < scan->count; index = child) {
		if (child + 1 < scan->count && compare(&scan->oldest[child + 1], &scan->oldest[child]) > 0)
			child++;
		if (compare(&scan->oldest[child], picture) <= 0)
			break;
		scan->oldest[index] = scan->oldest[child];
	}
	scan->oldest[index] = *picture;
}

static void keep_if_old(struct scan *scan, const struct scan_picture *picture)
{
	if (scan->count == SCAN_KEPT) {
		if (compare(picture, &scan->oldest[0]) < 0)
			sift_down(scan, 0, picture);
		return;
	}
	size_t index = scan->count++;
	for (size_t parent; index > 0; index = parent) {
		parent = (index - 1) / 2;
		if (compare(picture, &scan->oldest[parent]) <= 0)
			break;
		scan->oldest[index] = scan->oldest[parent];
	}
	scan->oldest[index] = *picture;
}

/* False when name is no picture of ours. */
static bool look_at(int folder, const char *name, int64_t wall_ns, struct scan_picture *picture)
{
	struct stat status;
	if (!export_is_own_name(name) || strlen(name) >= SCAN_NAME_BYTES ||
	    fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(status.st_mode))
		return false;
	*picture = (struct scan_picture){
		.modified_ns = modified_ns(&status),
		.bytes = (int64_t)status.st_blocks * DISK_BLOCK_BYTES,
		.ahead = modified_ns(&status) - wall_ns > DAY_NS,
	};
	strcpy(picture->name, name);
	return true;
}

static void take(struct scan *scan, const struct scan_picture *picture, enum scan_verdict verdict)
{
	if (verdict == SCAN_GONE)
		return;
	scan->pictures++;
	scan->bytes += picture->bytes;
	if (verdict == SCAN_KEEP)
		keep_if_old(scan, picture);
}

int scan_folder(struct scan *scan, int folder, int64_t wall_ns, const atomic_bool *stop, scan_judge judge, void *data)
{
	struct scan_picture picture;
	struct dirent *entry;
	scan->pictures = 0;
	scan->bytes = 0;
	scan->leftovers = scan->count = scan->next = 0;
	/* A descriptor of its own: fdopendir takes it over, and its position is not shared. */
	int own = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *listing = own < 0 ? NULL : fdopendir(own);
	if (!listing) {
		int code = -errno;
		if (own >= 0)
			close(own);
		return code;
	}
	for (errno = 0; !atomic_load(stop) && (entry = readdir(listing)) != NULL; errno = 0) {
		if (strncmp(entry->d_name, FSIO_TEMPORARY_PREFIX, strlen(FSIO_TEMPORARY_PREFIX)) == 0)
			scan->leftovers++;
		if (look_at(folder, entry->d_name, wall_ns, &picture))
			take(scan, &picture, judge ? judge(data, &picture) : SCAN_KEEP);
	}
	int result = atomic_load(stop) ? -ECANCELED : -errno;
	closedir(listing);
	qsort(scan->oldest, scan->count, sizeof scan->oldest[0], compare);
	return result;
}

int scan_remove_seen(int folder, const struct scan_picture *picture)
{
	if (unlinkat(folder, picture->name, 0) < 0)
		return errno == ENOENT ? 0 : -errno;
	return 1;
}

int scan_remove(int folder, const struct scan_picture *picture)
{
	struct stat status;
	if (fstatat(folder, picture->name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISREG(status.st_mode) || modified_ns(&status) != picture->modified_ns)
		return 0;
	return scan_remove_seen(folder, picture);
}
