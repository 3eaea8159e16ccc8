#include "motion_tracks.h"

/* A thing overlaps with itself when a quarter of its box is in the box that it had. Of boxes, since of a walker whose
 * coat is as bright as the wall only legs are seen, each of which is beside where it was. */
enum { OVERLAP_SHARE = 4 };

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

static int lesser(int a, int b)
{
	return a < b ? a : b;
}

static int greater(int a, int b)
{
	return a > b ? a : b;
}

static int side_of(int first, int last)
{
	return greater(last - first + 1, 0);
}

/* Is enough of a where b was? */
static bool overlaps(const struct motion_box *a, const struct motion_box *b)
{
	const int across = side_of(greater(a->left, b->left), lesser(a->right, b->right));
	const int down = side_of(greater(a->top, b->top), lesser(a->bottom, b->bottom));
	return across * down * OVERLAP_SHARE >= side_of(a->left, a->right) * side_of(a->top, a->bottom);
}

struct past {
	int seen;      /* of the longest-lived track; 0: there is none */
	bool overlaps; /* with one that was in the frame before */
};

/* What is known of the tracks near the blob, which go on as the blob's. */
static struct past take_up(struct motion_tracks *tracks, const struct motion_box *box, int reach, bool taken[])
{
	struct past past = { 0 };
	for (int i = 0; i < tracks->count; i++) {
		const struct motion_track *track = &tracks->track[i];
		if (!is_near(box, &track->box, reach * (track->missed + 1)))
			continue;
		taken[i] = true;
		past.seen = greater(track->seen, past.seen);
		past.overlaps |= track->missed == 0 && overlaps(box, &track->box);
	}
	return past;
}

void motion_tracks_follow(struct motion_tracks *tracks, const struct motion_blob *blobs, int count,
                          const struct motion_pace *pace, int ages[MOTION_BLOBS_MAX])
{
	struct motion_tracks next = { 0 };
	bool taken[MOTION_BLOBS_MAX] = { false };
	for (int i = 0; i < count; i++) {
		const struct past past = take_up(tracks, &blobs[i].box, pace->reach, taken);
		const bool is_whole = past.seen == 0 || past.overlaps || pace->is_slow || blobs[i].cells >= pace->large_least;
		const int seen = past.seen + (is_whole ? 2 : 1);
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
