#include "motion_tracks.h"

#include <string.h>

static const double NS_PER_S = 1e9;
/* A thing overlaps with itself when a quarter of it is where something was. */
enum { STAYED_SHARE = 4 };

void motion_tracks_begin(struct motion_tracks *tracks)
{
	tracks->count = 0;
}

/* Does a lie within reach of b, or of where b may have come? */
static bool is_near(const struct motion_box *a, const struct motion_box *b, int reach)
{
	const int across = reach + (b->right - b->left) / 2, down = reach + (b->bottom - b->top) / 2;
	return a->left <= b->right + across && a->right >= b->left - across && a->top <= b->bottom + down &&
	       a->bottom >= b->top - down;
}

/* What is known of the longest-lived track near the blob, which goes on as the blob's; 0 where there is none. */
static int take_up(struct motion_tracks *tracks, const struct motion_box *box, int reach, bool taken[])
{
	int seen = 0;
	for (int i = 0; i < tracks->count; i++) {
		if (!is_near(box, &tracks->track[i].box, reach * (tracks->track[i].missed + 1)))
			continue;
		taken[i] = true;
		seen = tracks->track[i].seen > seen ? tracks->track[i].seen : seen;
	}
	return seen;
}

void motion_tracks_follow(struct motion_tracks *tracks, const struct motion_blob *blobs, int count,
                          const struct motion_pace *pace, int ages[MOTION_BLOBS_MAX])
{
	struct motion_tracks next = { 0 };
	bool taken[MOTION_BLOBS_MAX] = { false };
	for (int i = 0; i < count; i++) {
		const int before = take_up(tracks, &blobs[i].box, pace->reach, taken);
		const bool is_whole = before == 0 || pace->is_slow || blobs[i].stayed * STAYED_SHARE >= blobs[i].cells;
		const int seen = before + (is_whole ? 2 : 1);
		ages[i] = seen / 2;
		next.track[next.count++] = (struct motion_track){ blobs[i].box, seen, 0 };
	}
	for (int i = 0; i < tracks->count && next.count < MOTION_BLOBS_MAX; i++) {
		struct motion_track *track = &tracks->track[i];
		if (taken[i] || ++track->missed > pace->missed_most)
			continue;
		next.track[next.count++] = *track;
	}
	*tracks = next;
}

static int end(struct motion_zone_watch *watch, int64_t now_ns, struct motion_event *event)
{
	watch->moving = false;
	watch->state.moving = false;
	watch->ended_ns = now_ns;
	*event = (struct motion_event){
		.score = watch->highest,
		.timestamp_ns = now_ns,
		.duration_s = (double)(watch->last_ns - watch->started_ns) / NS_PER_S,
	};
	memcpy(event->box, watch->last_box, sizeof event->box);
	return 1;
}

int motion_zone_update(struct motion_zone_watch *watch, bool noticed, int64_t now_ns,
                       const struct motion_params *params, struct motion_event *event)
{
	if (watch->state.score > 0)
		memcpy(watch->last_box, watch->state.box, sizeof watch->last_box);
	if (watch->moving && watch->state.score > watch->highest)
		watch->highest = watch->state.score;
	if (noticed)
		watch->last_ns = now_ns;
	if (watch->moving && (double)(now_ns - watch->last_ns) >= params->hold_s * NS_PER_S && !noticed)
		return end(watch, now_ns, event);
	const bool rested = watch->ended_ns == 0 || (double)(now_ns - watch->ended_ns) >= params->cooldown_s * NS_PER_S;
	if (watch->moving || !noticed || !rested)
		return 0;
	watch->moving = true;
	watch->state.moving = true;
	watch->started_ns = now_ns;
	watch->highest = watch->state.score;
	*event = (struct motion_event){ .start = true, .score = watch->state.score, .timestamp_ns = now_ns };
	memcpy(event->box, watch->state.box, sizeof event->box);
	return 1;
}

void motion_zone_set_clock(struct motion_zone_watch *watch, int64_t now_ns)
{
	const int64_t lasted_ns = watch->last_ns - watch->started_ns;
	watch->last_ns = now_ns;
	watch->started_ns = now_ns - lasted_ns;
	watch->ended_ns = watch->ended_ns ? now_ns : 0;
}

int motion_zone_end(struct motion_zone_watch *watch, int64_t now_ns, struct motion_event *event)
{
	return watch->moving ? end(watch, now_ns, event) : 0;
}
