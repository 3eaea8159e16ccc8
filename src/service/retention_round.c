#include "retention_round.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "clock.h"
#include "fsio.h"

#define SCAN_PERIOD_NS (60 * CLOCK_NS_PER_S)
enum { SCAN_SHARE = 50, FUTILE_SHARE = 10 };

static bool is_new_folder(const struct round *round, const struct stat *now)
{
	const struct stat *then = &round->scanned_folder;
	return !round->scanned || now->st_dev != then->st_dev || now->st_ino != then->st_ino;
}

static bool has_changed(const struct round *round, const struct stat *now)
{
	const struct stat *then = &round->scanned_folder;
	return now->st_mtim.tv_sec != then->st_mtim.tv_sec || now->st_mtim.tv_nsec != then->st_mtim.tv_nsec;
}

/* What time it is, and whether the wall clock jumped since the last look. */
static void look_at_clocks(struct round *round, struct rules_state *state, struct round_result *result)
{
	state->wall_ns = round->wall_ns();
	state->monotonic_ns = round->monotonic_ns();
	result->jump_ns += rules_look(&round->clock, state->wall_ns, state->monotonic_ns);
	state->clock = round->clock;
}

/* The clocks are looked at again after the scan: it may have seen pictures that are young by another clock. */
static int scan_now(struct round *round, int fd, const struct stat *folder, struct rules_state *state,
                    struct round_result *result)
{
	int64_t begun_ns = state->monotonic_ns;
	int code = scan_folder(&round->scan, fd, state->wall_ns, round->stop);
	round->scanned = code == 0;
	if (code < 0)
		return code;
	if (round->scan.leftovers > 0) {
		int swept = fsio_sweep(round->folder);
		result->leftovers += swept > 0 ? swept : 0;
	}
	look_at_clocks(round, state, result);
	state->total = round->scan.bytes;
	int64_t pause_ns = SCAN_SHARE * (state->monotonic_ns - begun_ns);
	round->scanned_folder = *folder;
	round->next_scan_ns = state->monotonic_ns + (pause_ns > SCAN_PERIOD_NS ? pause_ns : SCAN_PERIOD_NS);
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
		*reason = picture->name[0] ? rules_must_go(state, picture) : STAYS;
		if (*reason != STAYS)
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
static int remove_or_pass_over(int fd, const struct scan_picture *picture, struct round_result *result)
{
	int removed = scan_remove(fd, picture);
	if (removed != -EPERM && removed != -EACCES && removed != -EBUSY)
		return removed;
	result->undeletable++;
	return 0;
}

/* Deletes what must go of what the last scan found; what is dealt with loses its name. */
static int delete_oldest(struct round *round, int fd, struct rules_state *state, struct round_result *result)
{
	struct scan *scan = &round->scan;
	struct scan_picture *picture;
	enum rules_reason reason;
	for (size_t i = scan->next; (picture = pick(state, scan, &i, &reason)) != NULL && !atomic_load(round->stop);) {
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
static int tidy(struct round *round, int fd, struct rules_state *state, struct round_result *result)
{
	struct stat folder;
	int code;
	for (uint64_t before = UINT64_MAX; before != result->deleted;) {
		if (fstat(fd, &folder) < 0)
			return -errno;
		bool due = state->monotonic_ns >= round->next_scan_ns || (over_limits(state) && used_up(&round->scan));
		if (is_new_folder(round, &folder) || (due && has_changed(round, &folder))) {
			code = scan_now(round, fd, &folder, state, result);
			if (code < 0)
				return code;
		}
		before = result->deleted;
		code = delete_oldest(round, fd, state, result);
		if (code < 0)
			return code;
		if (!used_up(&round->scan))
			break;
	}
	return 0;
}

/* Snapshots and open files keep the space of what was deleted, and some filesystems free it later. Who went on at once
 * because the space is still missing would delete more than was needed. */
static int look_again(const struct round *round, struct round_result *result, struct error *error)
{
	int64_t free_before = result->space.free;
	int code = disk_space(round->folder, &result->space, error);
	result->futile = code == 0 && result->deleted_bytes > 0 &&
	                 result->space.free - free_before < result->deleted_bytes / FUTILE_SHARE;
	return code;
}

static bool is_on(int fd, dev_t device)
{
	struct stat status;
	return device == 0 || (fstat(fd, &status) == 0 && status.st_dev == device);
}

int round_run(struct round *round, struct round_result *result, struct error *error)
{
	struct rules_state state = {
		.max_total = round->max_total_bytes,
		.total = round->scan.bytes,
		.max_age_ns = round->max_age_ns,
	};
	*result = (struct round_result){ 0 };
	look_at_clocks(round, &state, result);
	int code = disk_space(round->folder, &result->space, error);
	if (code < 0)
		return code;
	struct rules_room room = rules_room(round->min_free_bytes, result->space.total);
	result->min_free_bytes = room.min_free;
	state.missing_bytes = result->space.free < room.min_free ? room.goal - result->space.free : 0;
	int fd = open(round->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : fsio_explain(error, -errno, round->folder);
	code = is_on(fd, round->device) ? tidy(round, fd, &state, result) : 0;
	close(fd);
	if (code < 0 && code != -ECANCELED)
		return fsio_explain(error, code, round->folder);
	return look_again(round, result, error);
}
