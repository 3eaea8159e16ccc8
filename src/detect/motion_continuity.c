#include "motion_continuity.h"

#include <math.h>

static const double NS_PER_S = 1e9;
/* After a beginning or a jump of the light nothing counts for so long, at least so many frames, and until little of the
 * picture is active; each step of a lamp's start, or of an exposure that goes in steps, begins it anew. There are
 * pictures of which much always is, so it is not waited for longer than so many frames. */
static const double SETTLE_S = 0.5, SETTLED_SHARE = 0.03;
enum { SETTLE_FRAMES = 4, SETTLE_FRAMES_MAX = 10 };
/* Silence after which the past says nothing of the picture: seconds, and frames as they came before. */
static const double GAP_S = 5;
enum { GAP_FRAMES = 5 };
/* So many frames out of order in a row are a clock that was set. */
enum { BACKWARDS_MOST = 5 };
/* What an exposure that is told may explain: up to this ratio it is the camera's own automatics at work; a larger one
 * is a step, which settles like any. And what it may be off by. */
static const double EXPLAINED_MOST = 1.33, EXPLAINED_SLACK = 1.09;

static double interval_to(const struct motion_continuity *continuity, const struct frame_info *info)
{
	return continuity->begun ? (double)(info->timestamp_ns - continuity->last.timestamp_ns) / NS_PER_S : 0;
}

enum motion_order motion_continuity_order(struct motion_continuity *continuity, const struct frame_info *info)
{
	if (!continuity->begun || info->timestamp_ns > continuity->last.timestamp_ns) {
		continuity->backwards = 0;
		return MOTION_IN_ORDER;
	}
	if (++continuity->backwards < BACKWARDS_MOST)
		return MOTION_PASSED_OVER;
	continuity->backwards = 0;
	continuity->begun = false;
	return MOTION_CLOCK_SET;
}

bool motion_continuity_holds(const struct motion_continuity *continuity, const struct frame_info *info)
{
	const double before_s = continuity->interval_s, interval_s = interval_to(continuity, info);
	const bool is_gap = interval_s > GAP_S && interval_s > GAP_FRAMES * before_s && before_s > 0;
	return continuity->begun && !is_gap && info->night == continuity->last.night;
}

/* 0: unknown. */
static double exposed(const struct frame_info *info)
{
	const double product = info->exposure_us * info->gain;
	return isfinite(product) && info->exposure_us > 0 && info->gain > 0 ? product : 0;
}

/* A tone curve may leave less of the change than the exposure tells, never more, and never the other way. */
bool motion_continuity_explains(const struct motion_continuity *continuity, const struct frame_info *info, double seen)
{
	const double before = exposed(&continuity->last), now = exposed(info);
	if (!(before > 0) || !(now > 0))
		return false;
	const double told = now / before;
	if (told > EXPLAINED_MOST || told < 1 / EXPLAINED_MOST)
		return false;
	return seen < fmax(told, 1) * EXPLAINED_SLACK && seen > fmin(told, 1) / EXPLAINED_SLACK;
}

void motion_continuity_advance(struct motion_continuity *continuity, const struct frame_info *info)
{
	continuity->interval_s = interval_to(continuity, info);
	continuity->last = *info;
	continuity->begun = true;
}

void motion_continuity_settle(struct motion_continuity *continuity, int64_t now_ns)
{
	continuity->settle_frames = 1;
	continuity->settle_until_ns = now_ns + (int64_t)(SETTLE_S * NS_PER_S);
}

bool motion_continuity_is_settling(struct motion_continuity *continuity, double active_share, int64_t now_ns)
{
	if (continuity->settle_frames == 0)
		return false;
	continuity->settle_frames++;
	const bool enough = continuity->settle_frames > SETTLE_FRAMES && now_ns >= continuity->settle_until_ns &&
	                    active_share < SETTLED_SHARE;
	if (enough || continuity->settle_frames > SETTLE_FRAMES_MAX)
		continuity->settle_frames = 0;
	return true;
}
