/* What moves, and where. */
#include "capture/motion_watch.h"
#include "service/status_groups.h"

struct snapshot {
	struct motion_watch_status motion;
	const char *state, *source;
	status_lister zones;
};
_Static_assert(sizeof(struct snapshot) <= STATUS_SNAPSHOT_BYTES, "the zones are too many for a snapshot");

const char *motion_state_text(const struct motion_watch_status *motion)
{
	if (!motion->on)
		return "OFF";
	return motion->moving ? "MOTION" : motion->settling ? "SETTLING" : "STILL";
}

static void list_zones(struct status_list *list, const void *from)
{
	const struct snapshot *snapshot = from;
	for (int i = 0; i < snapshot->motion.zones; i++) {
		const struct motion_watch_zone *zone = &snapshot->motion.zone[i];
		status_list_next(list);
		status_list_text(list, "name", zone->name);
		status_list_text(list, "status", zone->now.moving ? "MOTION" : "STILL");
		status_list_number(list, "score", zone->now.score);
	}
}

static void take(const void *data, void *into)
{
	struct snapshot *snapshot = into;
	motion_watch_status((struct motion_watch *)data, &snapshot->motion);
	snapshot->state = motion_state_text(&snapshot->motion);
	snapshot->source = snapshot->motion.second ? "second" : "frame";
	snapshot->zones = list_zones;
}

#define ROW(path, form, member, kind, unit, help)                                                                      \
	{                                                                                                                  \
		path, form, offsetof(struct snapshot, member), kind, unit, help                                                \
	}
static const struct status_row rows[] = {
	ROW("motion.enabled", STATUS_BOOL, motion.enabled, STATUS_STATE, "", "`motion.enable`."),
	ROW("motion.on", STATUS_BOOL, motion.on, STATUS_STATE, "",
	    "Frames are looked at: `motion.enable`, unless somebody said `motion off`."),
	ROW("motion.status", STATUS_WORDS, state, STATUS_STATE, "",
	    "`MOTION` in any zone, `STILL`, `SETTLING`: the light or the camera has just changed, `OFF`."),
	ROW("motion.zones", STATUS_LIST, zones, STATUS_INFO, "",
	    "Of each zone `name`, `status` and `score`: the largest thing that moves, in percent of the zone."),
	ROW("motion.frames", STATUS_UINT64, motion.frames, STATUS_COUNTER, "frames", "Frames looked at."),
	ROW("motion.source", STATUS_WORDS, source, STATUS_STATE, "",
	    "What the last of them was: `frame`, or `second`, the camera's smaller picture (`camera.second.enable`)."),
	ROW("motion.missed", STATUS_UINT64, motion.missed, STATUS_COUNTER, "frames",
	    "Frames that came before motion was done with those before."),
	ROW("motion.events", STATUS_UINT64, motion.events, STATUS_COUNTER, "events", "Times that motion has started."),
	ROW("motion.last_age_s", STATUS_AGE, motion.last_start_ns, STATUS_GAUGE, "s", "Since it last did."),
	ROW("motion.mean_ms", STATUS_DOUBLE, motion.mean_ms, STATUS_GAUGE, "ms",
	    "What looking at a frame takes, on average since the start."),
};

const struct status_group status_motion = STATUS_GROUP(rows, struct snapshot, take);
