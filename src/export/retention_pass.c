#include "retention_pass.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fsio.h"

#define SCAN_PERIOD_NS (60 * CLOCK_NS_PER_S)
enum { SCAN_SHARE = 50, FUTILE_SHARE = 10 };

static bool is_new_folder(const struct retention_pass *pass, const struct stat *now)
{
	const struct stat *then = &pass->scanned_folder;
	return !pass->scanned || now->st_dev != then->st_dev || now->st_ino != then->st_ino;
}

static bool has_changed(const struct retention_pass *pass, const struct stat *now)
{
	const struct stat *then = &pass->scanned_folder;
	return now->st_mtim.tv_sec != then->st_mtim.tv_sec || now->st_mtim.tv_nsec != then->st_mtim.tv_nsec;
}

/* What time it is, and whether the wall clock jumped since the last look. */
static void look_at_clocks(struct retention_pass *pass, struct rules_state *state, struct retention_pass_result *result)
{
	state->wall_ns = pass->wall_ns();
	state->monotonic_ns = pass->monotonic_ns();
	result->jump_ns += rules_look(&pass->clock, state->wall_ns, state->monotonic_ns);
	state->clock = pass->clock;
}

/* The clocks are looked at again after the scan: it may have seen pictures that are young by another clock. */
static int scan_now(struct retention_pass *pass, int fd, const struct stat *folder, struct rules_state *state,
                    struct retention_pass_result *result)
{
	int64_t begun_ns = state->monotonic_ns;
	int code = scan_folder(&pass->scan, fd, state->wall_ns, pass->stop);
	pass->scanned = code == 0;
	if (code < 0)
		return code;
	if (pass->scan.leftovers > 0) {
		int swept = fsio_sweep(pass->folder);
		result->leftovers += swept > 0 ? swept : 0;
	}
	look_at_clocks(pass, state, result);
	state->total = pass->scan.bytes;
	int64_t pause_ns = SCAN_SHARE * (state->monotonic_ns - begun_ns);
	pass->scanned_folder = *folder;
	pass->next_scan_ns = state->monotonic_ns + (pause_ns > SCAN_PERIOD_NS ? pause_ns : SCAN_PERIOD_NS);
	return 0;
}

static bool used_up(const struct scan *scan)
{
	return scan->next == scan->count;
}

/* Picks the next one that must go, from index on. What is dated ahead may stay although those after it are too old. */
static struct scan_picture *pick(const struct rules_state *state, struct scan *scan, size_t *index,
                                 enum rules_reason *reason)
{
	for (; *index < scan->count; ++*index) {
		struct scan_picture *picture = &scan->oldest[*index];
		*reason = picture->name[0] ? rules_must_go(state, picture) : RETENTION_KEEP;
		if (*reason != RETENTION_KEEP)
			return picture;
		if (picture->name[0] && !picture->ahead)
			return NULL;
	}
	return NULL;
}

static int64_t larger(int64_t one, int64_t other)
{
	return one > other ? one : other;
}

/* As scan_remove. Somebody else's picture, or one that its owner protects, must not keep the next ones from going. */
static int remove_or_pass_over(int fd, const struct scan_picture *picture, struct retention_pass_result *result)
{
	int removed = scan_remove(fd, picture);
	if (removed != -EPERM && removed != -EACCES && removed != -EBUSY)
		return removed;
	result->undeletable++;
	return 0;
}

/* Deletes what must go of what the last scan found; what is dealt with loses its name. */
static int delete_oldest(struct retention_pass *pass, int fd, struct rules_state *state,
                         struct retention_pass_result *result)
{
	struct scan *scan = &pass->scan;
	struct scan_picture *picture;
	enum rules_reason reason;
	for (size_t i = scan->next; (picture = pick(state, scan, &i, &reason)) != NULL && !atomic_load(pass->stop);) {
		int removed = remove_or_pass_over(fd, picture, result);
		if (removed < 0)
			return removed;
		picture->name[0] = '\0';
		scan->pictures--;
		scan->bytes -= picture->bytes;
		state->total -= picture->bytes;
		if (removed == 0)
			continue;
		state->missing_bytes -= larger(picture->bytes, result->space.per_file);
		result->deleted++;
		result->deleted_bytes += picture->bytes;
		result->reason = reason;
	}
	while (!used_up(scan) && scan->oldest[scan->next].name[0] == '\0')
		scan->next++;
	return 0;
}

static bool over_limits(const struct rules_state *state)
{
	return state->missing_bytes > 0 || (state->max_total > 0 && state->total > state->max_total);
}

/* The scan keeps the oldest SCAN_KEPT; when they are used up and it was not enough, the next ones are looked for. */
static int tidy(struct retention_pass *pass, int fd, struct rules_state *state, struct retention_pass_result *result)
{
	struct stat folder;
	int code;
	for (uint64_t before = UINT64_MAX; before != result->deleted;) {
		if (fstat(fd, &folder) < 0)
			return -errno;
		bool due = state->monotonic_ns >= pass->next_scan_ns || (over_limits(state) && used_up(&pass->scan));
		if (is_new_folder(pass, &folder) || (due && has_changed(pass, &folder))) {
			code = scan_now(pass, fd, &folder, state, result);
			if (code < 0)
				return code;
		}
		before = result->deleted;
		code = delete_oldest(pass, fd, state, result);
		if (code < 0)
			return code;
		if (!used_up(&pass->scan))
			break;
	}
	return 0;
}

/* Snapshots and open files keep the space of what was deleted, and some filesystems free it later. Who went on at once
 * because the space is still missing would delete more than was needed. */
static int look_again(const struct retention_pass *pass, struct retention_pass_result *result, struct error *error)
{
	int64_t free_before = result->space.free;
	int code = disk_space(pass->folder, &result->space, error);
	result->futile = code == 0 && result->deleted_bytes > 0 &&
	                 result->space.free - free_before < result->deleted_bytes / FUTILE_SHARE;
	return code;
}

static bool is_on(int fd, dev_t device)
{
	struct stat status;
	return device == 0 || (fstat(fd, &status) == 0 && status.st_dev == device);
}

int retention_pass_run(struct retention_pass *pass, struct retention_pass_result *result, struct error *error)
{
	struct rules_state state = {
		.max_total = pass->max_total_bytes,
		.total = pass->scan.bytes,
		.max_age_ns = pass->max_age_ns,
	};
	*result = (struct retention_pass_result){ 0 };
	look_at_clocks(pass, &state, result);
	int code = disk_space(pass->folder, &result->space, error);
	if (code < 0)
		return code;
	struct rules_room room = rules_room(pass->min_free_bytes, result->space.total);
	result->min_free_bytes = room.min_free;
	state.missing_bytes = result->space.free < room.min_free ? room.goal - result->space.free : 0;
	int fd = open(pass->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : fsio_explain(error, -errno, pass->folder);
	code = is_on(fd, pass->device) ? tidy(pass, fd, &state, result) : 0;
	close(fd);
	if (code < 0 && code != -ECANCELED)
		return fsio_explain(error, code, pass->folder);
	return look_again(pass, result, error);
}
