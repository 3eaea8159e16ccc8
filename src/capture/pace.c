#include "pace.h"

enum { REMEMBERED_FRAMES = 16, JUDGED_FRAMES = 8 };

/* Below this share all frames are taken again; the gap to PACE_SHARE_MOST keeps it from going to and fro. */
static const double share_again = 0.6;

int64_t pace_interval_ns(const struct pace *pace)
{
	return pace->own_ns > pace->asked_ns ? pace->own_ns : pace->asked_ns;
}

bool pace_takes(const struct pace *pace, int64_t now_ns)
{
	int64_t interval_ns = pace_interval_ns(pace);
	return interval_ns == 0 ||
	       (interval_ns < INT64_MAX && (pace->last_taken_ns == 0 || now_ns - pace->last_taken_ns >= interval_ns));
}

static void remember(struct pace *pace, int64_t cost_ns)
{
	if (pace->frames < REMEMBERED_FRAMES)
		pace->frames++;
	pace->cost_ns += ((double)cost_ns - pace->cost_ns) / pace->frames;
}

bool pace_took(struct pace *pace, int64_t now_ns, int64_t cost_ns, int64_t interval_ns)
{
	bool was_paced = pace->own_ns != 0;
	pace->last_taken_ns = now_ns;
	remember(pace, cost_ns);
	double share = pace->cost_ns / (double)interval_ns;
	if (pace->frames < JUDGED_FRAMES)
		return false;
	if (share > PACE_SHARE_MOST || (was_paced && share > share_again))
		pace->own_ns = (int64_t)(pace->cost_ns / PACE_SHARE_MOST);
	else
		pace->own_ns = 0;
	return was_paced != (pace->own_ns != 0);
}
