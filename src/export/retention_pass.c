#include "retention_pass.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fsio.h"
#include "base/number.h"

#define SCAN_PERIOD_NS (60 * CLOCK_NS_PER_S)
#define TIMER_STEP_NS (20 * CLOCK_NS_PER_MS) /* at CONFIG_HZ=100 it is 10 ms */
enum { SCAN_SHARE = 50, FUTILE_SHARE = 10 };

static bool is_new_folder(const struct retention_pass *pass, const struct stat *now)
{
	const struct stat *then = &pass->scanned_folder;
	return !pass->scanned || now->st_dev != then->st_dev || now->st_ino != then->st_ino;
}

static int64_t changed_ns(const struct stat *folder)
{
	return folder->st_mtim.tv_sec * CLOCK_NS_PER_S + folder->st_mtim.tv_nsec;
}

/* A folder's time moves in steps of the kernel's timer: one that changed just before it was looked through may have
 * changed again without a trace. */
static bool has_changed(const struct retention_pass *pass, const struct stat *now)
{
	return changed_ns(now) != changed_ns(&pass->scanned_folder) ||
	       changed_ns(now) + TIMER_STEP_NS >= pass->scanned_wall_ns;
}

/* What time it is, and whether the wall clock jumped since the last look. */
static void look_at_clocks(struct retention_pass *pass, struct rules_state *state, struct retention_pass_result *result)
{
	state->wall_ns = pass->wall_ns();
	state->monotonic_ns = pass->monotonic_ns();
	result->jump_ns += rules_look(&pass->clock, state->wall_ns, state->monotonic_ns);
	state->clock = pass->clock;
}

/* One pass under way. */
struct pass_context {
	struct retention_pass *pass;
	int fd; /* of the folder */
	struct rules_state state;
	struct retention_pass_result *result;
};

/* How much too much there is, for whichever limit that is; 0 and less: nothing. */
static int64_t excess(const struct rules_state *state)
{
	int64_t over = state->max_total > 0 ? state->total - state->max_total : 0;
	return max_i64(over, state->missing_bytes);
}

/* What a picture's end gives: its bytes, or its share where files run out first. */
static int64_t gain_of(const struct pass_context *context, const struct scan_picture *picture)
{
	return max_i64(picture->bytes, context->result->space.per_file);
}

/* By what the oldest are found: what the limit that is exceeded counts. Only where files are missing is it their share,
 * and the total's limit, if it too is exceeded, takes more scans. */
static int64_t weight_of(const struct pass_context *context, const struct scan_picture *picture)
{
	return context->state.missing_bytes > 0 ? gain_of(context, picture) : picture->bytes;
}

/* removed: what scan_remove or its like returned, and so returned. Keeps the accounts. Somebody else's picture, or one
 * that its owner protects, must not keep the next ones from going: 0 then, and it counts as undeletable. */
static int count_removal(struct pass_context *context, int removed, const struct scan_picture *picture,
                         enum rules_reason reason)
{
	struct retention_pass_result *result = context->result;
	if (removed == -EPERM || removed == -EACCES || removed == -EBUSY) {
		result->undeletable++;
		return 0;
	}
	if (removed <= 0)
		return removed;
	context->state.missing_bytes -= gain_of(context, picture);
	result->deleted++;
	result->deleted_bytes += picture->bytes;
	result->reason = reason;
	if (context->pass->on_deleted)
		context->pass->on_deleted(context->pass->data, picture);
	return 1;
}

/* What goes at once, while the folder is looked through: what is too old, and what earlier scans of this pass found to
 * be among the oldest. The clocks are looked at before each removal: after a jump a picture may be young by another. */
static enum scan_verdict judge(void *data, const struct scan_picture *picture)
{
	struct pass_context *context = data;
	struct bins *bins = &context->pass->bins;
	enum rules_reason reason = rules_must_go(&context->state, picture);
	if (reason == RETENTION_AGE || (reason != RETENTION_KEEP && scan_age_order(picture) < bins->cut)) {
		look_at_clocks(context->pass, &context->state, context->result);
		reason = rules_must_go(&context->state, picture);
		int undeletable = context->result->undeletable;
		if (reason != RETENTION_KEEP &&
		    count_removal(context, scan_remove_seen(context->fd, picture), picture, reason) > 0) {
			context->state.total -= picture->bytes;
			return SCAN_GONE;
		}
		if (context->result->undeletable > undeletable)
			return SCAN_PASS_OVER;
	}
	bins_add(bins, scan_age_order(picture), weight_of(context, picture));
	return SCAN_KEEP;
}

/* Returns positive when another scan would find more that must go than this one's oldest. */
static int scan_now(struct pass_context *context, const struct stat *folder)
{
	struct retention_pass *pass = context->pass;
	struct rules_state *state = &context->state;
	int64_t begun_ns = state->monotonic_ns, begun_wall_ns = state->wall_ns;
	context->result->undeletable = 0;
	context->result->scans++;
	bins_clear(&pass->bins);
	int code = scan_folder(&pass->scan, context->fd, state->wall_ns, pass->stop, judge, context);
	pass->scanned = code == 0;
	if (code < 0)
		return code;
	if (pass->scan.leftovers > 0) {
		int swept = fsio_sweep(pass->folder);
		context->result->leftovers += swept > 0 ? swept : 0;
	}
	look_at_clocks(pass, state, context->result);
	state->total = pass->scan.bytes;
	int64_t pause_ns = SCAN_SHARE * (state->monotonic_ns - begun_ns);
	pass->scanned_folder = *folder;
	pass->scanned_wall_ns = begun_wall_ns;
	pass->next_scan_ns = state->monotonic_ns + max_i64(pause_ns, SCAN_PERIOD_NS);
	return excess(state) > 0 && bins_narrow(&pass->bins, excess(state));
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

/* Deletes what must go of what the last scan found; what is dealt with loses its name. */
static int delete_oldest(struct pass_context *context)
{
	struct scan *scan = &context->pass->scan;
	struct scan_picture *picture;
	enum rules_reason reason;
	for (size_t i = scan->next;
	     (picture = pick(&context->state, scan, &i, &reason)) != NULL && !atomic_load(context->pass->stop);) {
		int removed = count_removal(context, scan_remove(context->fd, picture), picture, reason);
		if (removed < 0)
			return removed;
		picture->name[0] = '\0';
		scan->pictures--;
		scan->bytes -= picture->bytes;
		context->state.total -= picture->bytes;
	}
	while (!used_up(scan) && scan->oldest[scan->next].name[0] == '\0')
		scan->next++;
	return 0;
}

/* Whether to look through the folder: it is another one, or has changed and that is due, or needed. */
static bool needs_scan(const struct pass_context *context, const struct stat *folder)
{
	const struct retention_pass *pass = context->pass;
	bool due =
	    context->state.monotonic_ns >= pass->next_scan_ns || (excess(&context->state) > 0 && used_up(&pass->scan));
	return is_new_folder(pass, folder) || (due && has_changed(pass, folder));
}

/* First what is known from the last scan, so that room comes soon; then scans, until nothing more must go. */
static int tidy(struct pass_context *context)
{
	struct stat folder;
	if (fstat(context->fd, &folder) < 0)
		return -errno;
	bins_start(&context->pass->bins);
	int code = is_new_folder(context->pass, &folder) ? 0 : delete_oldest(context);
	for (bool more = code == 0 && needs_scan(context, &folder); more;) {
		code = scan_now(context, &folder);
		more = code > 0;
		if (code >= 0)
			code = delete_oldest(context);
		more = more && code == 0 && excess(&context->state) > 0 && used_up(&context->pass->scan);
	}
	return code;
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
	struct pass_context context = { .pass = pass, .result = result };
	context.state = (struct rules_state){
		.max_total = pass->max_total_bytes,
		.total = pass->scan.bytes,
		.max_age_ns = pass->max_age_ns,
	};
	*result = (struct retention_pass_result){ 0 };
	look_at_clocks(pass, &context.state, result);
	int code = disk_space(pass->folder, &result->space, error);
	if (code < 0)
		return code;
	struct rules_room room = rules_room(pass->min_free_bytes, result->space.total);
	result->min_free_bytes = room.min_free;
	context.state.missing_bytes = result->space.free < room.min_free ? room.goal - result->space.free : 0;
	context.fd = open(pass->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (context.fd < 0)
		return errno == ENOENT ? 0 : fsio_explain(error, -errno, pass->folder);
	code = is_on(context.fd, pass->device) ? tidy(&context) : 0;
	close(context.fd);
	if (code < 0 && code != -ECANCELED)
		return fsio_explain(error, code, pass->folder);
	return look_again(pass, result, error);
}
