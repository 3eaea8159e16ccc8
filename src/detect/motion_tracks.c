#include "motion_tracks.h"

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
		const bool is_whole = before == 0 || pace->is_slow || blobs[i].cells >= pace->large_least ||
		                      blobs[i].stayed * STAYED_SHARE >= blobs[i].cells;
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
