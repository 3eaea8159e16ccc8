#include "detect/motion.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "motion_continuity.h"
#include "motion_light.h"
#include "motion_sway.h"
#include "motion_tracks.h"
#include "motion_zones.h"

/* The background follows within so long: where nothing moves, and where something does. */
static const double STILL_S = 4, ACTIVE_S = 30;
/* What is usual follows within so many frames, a power of two; after a beginning more quickly, and by one power less
 * with each so many frames. */
enum { SPREAD_RATE = 6, SPREAD_RATE_AT_FIRST = 4, SPREAD_SLOWS = 32 };
/* What the recent past is. */
static const double RECENT_S = 0.5;
/* A light that changed by more than this many times is not the same scene any more. */
static const float SCENE_LOST = 3.5F;
/* Median deviations that count as more than noise: 2.5 deviations of what is a difference of two. */
enum { NOISE_MEDIANS = 4 };
/* How far a thing may come in a second, of the picture's width. */
static const double REACH_PER_S = 0.3;
enum { REACH_LEAST = 2 };
/* What has this share of the picture is no drop, and no flake: one that is near and quick need not overlap with itself.
 */
enum { LARGE_SHARE = 20 };
/* Frames that are further apart do not show a walker twice at the same place. */
static const double SLOW_S = 0.3;

struct motion {
	struct motion_params params;
	struct motion_zones zones;
	struct motion_planes planes;
	struct motion_continuity continuity;
	struct motion_light light;
	struct motion_blobs blobs;
	struct motion_tracks tracks;
	int age; /* frames since a beginning */
};

/* --- making --- */

static int init_parts(struct motion *motion, const struct zones *zones, struct error *error)
{
	const int width = motion->params.width, height = motion->params.height;
	int result = motion_zones_init(&motion->zones, &motion->params, zones, error);
	if (result < 0)
		return result;
	if (!motion_planes_init(&motion->planes, width, height) || !motion_blobs_init(&motion->blobs, width, height))
		return error_set(error, -ENOMEM, "no memory for motion detection");
	motion_zones_fill_least(&motion->zones, motion->planes.least);
	motion_light_init(&motion->light, width, height);
	return 0;
}

struct motion *motion_create(const struct motion_params *params, const struct zones *zones, struct error *error)
{
	if (params->width < MOTION_WIDTH_MIN || params->height < MOTION_HEIGHT_MIN) {
		error_set(error, -EINVAL,
		          "the pictures are too small to find motion in: motion.scale leaves %dx%d cells of them, at least "
		          "%dx%d are needed",
		          params->width, params->height, MOTION_WIDTH_MIN, MOTION_HEIGHT_MIN);
		return NULL;
	}
	struct motion *motion = calloc(1, sizeof *motion);
	if (!motion) {
		error_set(error, -ENOMEM, "no memory for motion detection");
		return NULL;
	}
	motion->params = *params;
	if (init_parts(motion, zones, error) < 0) {
		motion_destroy(motion);
		return NULL;
	}
	return motion;
}

void motion_destroy(struct motion *motion)
{
	if (!motion)
		return;
	motion_planes_finish(&motion->planes);
	motion_blobs_finish(&motion->blobs);
	motion_zones_finish(&motion->zones);
	free(motion);
}

size_t motion_bytes(int width, int height)
{
	return sizeof(struct motion) + zone_map_bytes(width, height) + motion_planes_bytes(width, height) +
	       motion_blobs_bytes(width, height);
}

/* --- background and light --- */

/* Nothing counts until the picture has settled; the background follows quickly. */
static void settle(struct motion *motion, int64_t now_ns)
{
	motion_tracks_begin(&motion->tracks);
	motion_continuity_settle(&motion->continuity, now_ns);
}

static void begin(struct motion *motion, const uint16_t *luma, int64_t now_ns)
{
	motion_planes_begin(&motion->planes, luma);
	memset(motion->planes.changed, 0, motion->planes.count);
	motion->age = 0;
	settle(motion, now_ns);
}

/* Follows the light. False when this picture is the first of a new scene. */
static bool follow_light(struct motion *motion, const uint16_t *luma, const struct frame_info *info)
{
	struct motion_light *light = &motion->light;
	motion_light_measure(light, &motion->planes, luma);
	if (light->whole > SCENE_LOST || light->whole < 1 / SCENE_LOST)
		return false;
	motion_planes_relight(&motion->planes, light->is_restless);
	motion_light_apply(light, &motion->planes, luma);
	if (light->jumped && !motion_continuity_explains(&motion->continuity, info, light->whole)) {
		motion_planes_relight(&motion->planes, false);
		memcpy(motion->planes.recent, luma, motion->planes.count * sizeof *luma);
		settle(motion, info->timestamp_ns);
	}
	return true;
}

static int rate_of(double time_s, double interval_s, int least, int most)
{
	const double rate = round(log2(fmax(time_s / interval_s, 1)));
	return (int)fmin(fmax(rate, least), most);
}

/* What is usual is learned from few frames as well as from many: a mean of n has a weight of 1/n. */
static int spread_rate(int age)
{
	const int rate = SPREAD_RATE_AT_FIRST + age / SPREAD_SLOWS;
	return rate < SPREAD_RATE ? rate : SPREAD_RATE;
}

static struct motion_rates rates_of(const struct motion *motion)
{
	const double interval_s = motion->continuity.interval_s;
	if (motion->continuity.settle_frames > 0)
		return (struct motion_rates){ 1, 1, 1, 3 };
	return (struct motion_rates){
		.active = rate_of(ACTIVE_S, interval_s, 3, 10),
		.still = rate_of(STILL_S, interval_s, 2, 7),
		.recent = rate_of(RECENT_S, interval_s, 0, 5),
		.spread = spread_rate(motion->age),
	};
}

/* --- what moves --- */

static bool moves(const struct motion_light *light, const struct motion_blob *blob)
{
	const struct motion_box *box = &blob->box;
	const bool is_restless = motion_light_is_restless(light, box->left, box->top, box->right, box->bottom);
	return motion_blob_is_active(blob) && motion_texture_covers(&blob->texture, blob->cells, blob->every, is_restless);
}

static void keep_moving(const struct motion_light *light, struct motion_blobs *blobs)
{
	int kept = 0;
	for (int i = 0; i < blobs->count; i++)
		if (moves(light, &blobs->blob[i]))
			blobs->blob[kept++] = blobs->blob[i];
	blobs->count = kept;
}

static void find_blobs(struct motion *motion, const uint16_t *luma, const struct motion_counts *counts)
{
	struct motion_planes *planes = &motion->planes;
	if (counts->changed < (size_t)motion->zones.cells_least || counts->active < MOTION_ACTIVE_LEAST)
		return;
	motion_planes_majority(planes, planes->changed);
	if (motion_sway_clear(planes, luma))
		motion_planes_majority(planes, planes->changed);
	motion_planes_majority(planes, planes->active);
	motion_blobs_find(&motion->blobs, planes, luma, &motion->zones.map, motion->zones.cells_least);
	keep_moving(&motion->light, &motion->blobs);
}

static void look(struct motion *motion, const uint16_t *luma, const struct frame_info *info)
{
	const struct motion_rates rates = rates_of(motion);
	motion->age += motion->age < SPREAD_RATE * SPREAD_SLOWS;
	const uint16_t noise = (uint16_t)(NOISE_MEDIANS * motion_planes_noise(&motion->planes, luma));
	const struct motion_counts counts = motion_planes_compare(&motion->planes, luma, &rates, noise);
	const double active_share = (double)counts.active / (double)motion->planes.count;
	if (!motion_continuity_is_settling(&motion->continuity, active_share, info->timestamp_ns))
		find_blobs(motion, luma, &counts);
	else if (motion->continuity.settle_frames == 0)
		motion_planes_forget(&motion->planes);
}

static size_t update_zones(struct motion *motion, const struct frame_info *info, struct motion_event *events)
{
	int ages[MOTION_BLOBS_MAX];
	const double interval_s = motion->continuity.interval_s;
	const struct motion_pace pace = {
		.reach = REACH_LEAST + (int)(REACH_PER_S * interval_s * motion->params.width),
		.missed_most = motion->params.min_frames,
		.large_least = (int)(motion->planes.count / LARGE_SHARE),
		.is_slow = interval_s > SLOW_S,
	};
	motion_tracks_follow(&motion->tracks, motion->blobs.blob, motion->blobs.count, &pace, ages);
	return motion_zones_update(&motion->zones, &motion->blobs, ages, info, events);
}

size_t motion_frame(struct motion *motion, const uint16_t *luma, const struct frame_info *info,
                    struct motion_event *events)
{
	const enum motion_order order = motion_continuity_order(&motion->continuity, info);
	if (order == MOTION_PASSED_OVER)
		return 0;
	if (order == MOTION_CLOCK_SET)
		motion_zones_set_clock(&motion->zones, info->timestamp_ns);
	const bool goes_on = motion_continuity_holds(&motion->continuity, info) && follow_light(motion, luma, info);
	motion_continuity_advance(&motion->continuity, info);
	motion->blobs.count = 0;
	if (goes_on)
		look(motion, luma, info);
	else
		begin(motion, luma, info->timestamp_ns);
	return update_zones(motion, info, events);
}

size_t motion_stop(struct motion *motion, int64_t timestamp_ns, struct motion_event *events)
{
	motion->continuity.begun = false;
	return motion_zones_stop(&motion->zones, timestamp_ns, motion->continuity.last.id, events);
}

void motion_zone(const struct motion *motion, int zone, struct motion_zone *state)
{
	*state = motion->zones.watch[zone].state;
}

bool motion_settling(const struct motion *motion)
{
	return !motion->continuity.begun || motion->continuity.settle_frames > 0;
}

const uint8_t *motion_mask(const struct motion *motion)
{
	return motion->planes.changed;
}
