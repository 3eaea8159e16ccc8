#include "detect/motion.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "motion_light.h"
#include "motion_tracks.h"

static const double NS_PER_S = 1e9;

/* The background follows within so long: where nothing moves, and where something does. */
static const double STILL_S = 4, ACTIVE_S = 30;
/* What is usual follows within so many frames, a power of two; after a beginning more quickly, and by one power less
 * with each so many frames. */
enum { SPREAD_RATE = 6, SPREAD_RATE_AT_FIRST = 4, SPREAD_SLOWS = 32 };
/* What the recent past is. */
static const double RECENT_S = 0.5;
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
/* A light that changed by more than this many times is not the same scene any more. */
static const float SCENE_LOST = 3.5F;
/* What an exposure that is told may explain: up to this ratio it is the camera's own automatics at work; a larger one
 * is a step, which settles like any. And what it may be off by. */
static const double EXPLAINED_MOST = 1.33, EXPLAINED_SLACK = 1.09;
/* Median deviations that count as more than noise: 2.5 deviations of what is a difference of two. */
enum { NOISE_MEDIANS = 4 };
/* Of a thing that moves at least this share is active; its inside need not be. */
enum { ACTIVE_SHARE = 16, ACTIVE_LEAST = 3 };
/* A patch whose new gradients are a smaller share of all is lit, not covered. Of two pictures that have nothing to do
 * with each other it is three quarters. */
static const float LIT_SHARE = 0.4F;
/* What covers has an outline: so many edges at least for the root of its cells, of which a square's outline has four.
 */
static const double EDGES_OF_OUTLINE = 1;
/* How far a thing may come in a second, of the picture's width. */
static const double REACH_PER_S = 0.3;
enum { REACH_LEAST = 2 };
/* Frames that are further apart do not show a walker twice at the same place. */
static const double SLOW_S = 0.3;
/* The least that a majority of a few neighbours can leave. */
enum { CELLS_LEAST = 4 };

struct motion {
	struct motion_params params;
	struct zones zones;
	struct zone_map map;
	struct motion_planes planes;
	struct motion_light light;
	struct motion_blobs blobs;
	struct motion_tracks tracks;
	struct motion_zone_watch watch[ZONES_MAX];
	int cells_least; /* of the least demanding zone */

	bool begun;
	struct frame_info last;
	double interval_s;       /* between the last two frames */
	int age;                 /* frames since a beginning */
	int backwards;           /* frames out of order in a row */
	int settle_frames;       /* since a beginning or a jump of the light; 0: settled */
	int64_t settle_until_ns; /* at least */
};

/* --- making --- */

/* In 1/1024 of what it is at 50: a fourfold contrast is asked for at 1, half at 100. */
static uint16_t least_of(double sensitivity)
{
	if (sensitivity <= 0)
		return MOTION_NEVER;
	return (uint16_t)(MOTION_LEAST_ONE * exp2((50 - sensitivity) / (sensitivity < 50 ? 25 : 50)));
}

/* A cell of several zones has the contrast of the most sensitive one. */
static void fill_least(struct motion *motion)
{
	uint16_t least[ZONES_MAX] = { 0 };
	for (int i = 0; i < motion->zones.count; i++)
		least[i] = least_of(motion->zones.zone[i].sensitivity);
	for (size_t i = 0; i < motion->planes.count; i++) {
		motion->planes.least[i] = MOTION_NEVER;
		for (uint64_t zones = motion->map.zones[i]; zones; zones &= zones - 1) {
			const uint16_t of_zone = least[__builtin_ctzll(zones)];
			if (of_zone < motion->planes.least[i])
				motion->planes.least[i] = of_zone;
		}
	}
}

static void fill_cells_least(struct motion *motion)
{
	motion->cells_least = INT32_MAX;
	for (int i = 0; i < motion->zones.count; i++) {
		const double cells = motion->zones.zone[i].min_area_percent / 100 * motion->map.cells[i];
		int least = cells > CELLS_LEAST ? (int)ceil(cells) : CELLS_LEAST;
		motion->watch[i].cells_least = least;
		motion->cells_least = least < motion->cells_least ? least : motion->cells_least;
	}
}

static bool init_parts(struct motion *motion)
{
	const int width = motion->params.width, height = motion->params.height;
	if (!motion_planes_init(&motion->planes, width, height) || !motion_blobs_init(&motion->blobs, width, height))
		return false;
	motion_light_init(&motion->light, width, height);
	return true;
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
	motion->zones = *zones;
	int result = zone_map_init(&motion->map, zones, params->width, params->height, error);
	if (result == 0 && !init_parts(motion))
		result = error_set(error, -ENOMEM, "no memory for motion detection");
	if (result < 0) {
		motion_destroy(motion);
		return NULL;
	}
	fill_least(motion);
	fill_cells_least(motion);
	return motion;
}

void motion_destroy(struct motion *motion)
{
	if (!motion)
		return;
	motion_planes_finish(&motion->planes);
	motion_blobs_finish(&motion->blobs);
	zone_map_finish(&motion->map);
	free(motion);
}

size_t motion_bytes(int width, int height)
{
	const size_t count = (size_t)width * (size_t)height;
	return sizeof(struct motion) + count * sizeof(uint64_t) + motion_planes_bytes(count) +
	       motion_blobs_bytes(width, height);
}

/* --- time and light --- */

static void begin(struct motion *motion, const uint16_t *luma)
{
	motion_planes_begin(&motion->planes, luma);
	motion_tracks_begin(&motion->tracks);
	memset(motion->planes.changed, 0, motion->planes.count);
	motion->begun = true;
	motion->age = 0;
}

/* Nothing counts until the picture has settled; the background follows quickly. */
static void settle(struct motion *motion, int64_t now_ns)
{
	motion_tracks_begin(&motion->tracks);
	motion->settle_frames = 1;
	motion->settle_until_ns = now_ns + (int64_t)(SETTLE_S * NS_PER_S);
}

/* False for a frame to pass over. */
static bool in_order(struct motion *motion, const struct frame_info *info)
{
	if (!motion->begun || info->timestamp_ns > motion->last.timestamp_ns) {
		motion->backwards = 0;
		return true;
	}
	if (++motion->backwards < BACKWARDS_MOST)
		return false;
	motion->backwards = 0;
	motion->begun = false;
	for (int zone = 0; zone < motion->zones.count; zone++)
		motion_zone_set_clock(&motion->watch[zone], info->timestamp_ns);
	return true;
}

static bool is_gap(const struct motion *motion, double interval_s)
{
	return interval_s > GAP_S && interval_s > GAP_FRAMES * motion->interval_s && motion->interval_s > 0;
}

static double exposed(const struct frame_info *info)
{
	const double product = info->exposure_us * info->gain;
	return isfinite(product) && info->exposure_us > 0 && info->gain > 0 ? product : 0;
}

/* Is the change of the picture what the camera's automatics, gently, did to it? A tone curve may leave less of it than
 * the exposure tells, never more, and never the other way. */
static bool is_explained(const struct motion *motion, const struct frame_info *info)
{
	const double before = exposed(&motion->last), now = exposed(info);
	if (!(before > 0) || !(now > 0))
		return false;
	const double told = now / before, seen = motion->light.whole;
	if (told > EXPLAINED_MOST || told < 1 / EXPLAINED_MOST)
		return false;
	return seen < fmax(told, 1) * EXPLAINED_SLACK && seen > fmin(told, 1) / EXPLAINED_SLACK;
}

/* Follows the light. False when this picture is the first of a new scene. */
static bool follow_light(struct motion *motion, const uint16_t *luma, const struct frame_info *info)
{
	struct motion_light *light = &motion->light;
	motion_light_measure(light, &motion->planes, luma);
	if (light->whole > SCENE_LOST || light->whole < 1 / SCENE_LOST)
		return false;
	motion_light_apply(light, &motion->planes, luma);
	if (light->jumped && !is_explained(motion, info)) {
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
	const double interval_s = motion->interval_s;
	if (motion->settle_frames > 0)
		return (struct motion_rates){ 1, 1, 1, 3 };
	return (struct motion_rates){
		.active = rate_of(ACTIVE_S, interval_s, 3, 10),
		.still = rate_of(STILL_S, interval_s, 2, 7),
		.recent = rate_of(RECENT_S, interval_s, 0, 5),
		.spread = spread_rate(motion->age),
	};
}

/* Counts the frame; true while nothing is to be believed. */
static bool is_settling(struct motion *motion, const struct motion_counts *counts, int64_t now_ns)
{
	if (motion->settle_frames == 0)
		return false;
	motion->settle_frames++;
	const bool calm = (double)counts->active < SETTLED_SHARE * (double)motion->planes.count;
	const bool enough = motion->settle_frames > SETTLE_FRAMES && now_ns >= motion->settle_until_ns && calm;
	if (enough || motion->settle_frames > SETTLE_FRAMES_MAX)
		motion->settle_frames = 0;
	return true;
}

/* --- what moves --- */

static bool moves(const struct motion_blob *blob)
{
	const int active_least = blob->cells / ACTIVE_SHARE > ACTIVE_LEAST ? blob->cells / ACTIVE_SHARE : ACTIVE_LEAST;
	return blob->active >= active_least && blob->gradient_new >= LIT_SHARE * blob->gradient_all &&
	       blob->edges >= EDGES_OF_OUTLINE * sqrt(blob->cells);
}

static void keep_moving(struct motion_blobs *blobs)
{
	int kept = 0;
	for (int i = 0; i < blobs->count; i++)
		if (moves(&blobs->blob[i]))
			blobs->blob[kept++] = blobs->blob[i];
	blobs->count = kept;
}

static void find_blobs(struct motion *motion, const uint16_t *luma, const struct motion_counts *counts)
{
	struct motion_planes *planes = &motion->planes;
	if (counts->changed < (size_t)motion->cells_least || counts->active < ACTIVE_LEAST)
		return;
	motion_planes_majority(planes, planes->changed);
	motion_planes_majority(planes, planes->active);
	motion_blobs_find(&motion->blobs, planes, luma, &motion->map, motion->cells_least);
	keep_moving(&motion->blobs);
}

static void include(int box[4], const struct motion_box *of, int block)
{
	const int left = of->left * block, top = of->top * block;
	const int right = (of->right + 1) * block, bottom = (of->bottom + 1) * block;
	const bool empty = box[2] == 0;
	const int old_right = box[0] + box[2], old_bottom = box[1] + box[3];
	box[0] = empty || left < box[0] ? left : box[0];
	box[1] = empty || top < box[1] ? top : box[1];
	box[2] = (empty || right > old_right ? right : old_right) - box[0];
	box[3] = (empty || bottom > old_bottom ? bottom : old_bottom) - box[1];
}

/* What the zone sees of the blobs; true when one of them has been followed long enough. */
static bool look(struct motion *motion, int zone, const int *ages)
{
	struct motion_zone_watch *watch = &motion->watch[zone];
	bool noticed = false;
	watch->state.score = 0;
	memset(watch->state.box, 0, sizeof watch->state.box);
	for (int i = 0; i < motion->blobs.count; i++) {
		const struct motion_blob *blob = &motion->blobs.blob[i];
		const int cells = blob->zone_cells[zone];
		if (cells < watch->cells_least)
			continue;
		watch->state.score = fmax(watch->state.score, 100.0 * cells / motion->map.cells[zone]);
		include(watch->state.box, &blob->box, motion->params.block);
		noticed |= ages[i] >= motion->params.min_frames;
	}
	return noticed;
}

static size_t update_zones(struct motion *motion, const struct frame_info *info, struct motion_event *events)
{
	int ages[MOTION_BLOBS_MAX];
	size_t count = 0;
	const struct motion_pace pace = {
		.reach = REACH_LEAST + (int)(REACH_PER_S * motion->interval_s * motion->params.width),
		.missed_most = motion->params.min_frames,
		.is_slow = motion->interval_s > SLOW_S,
	};
	motion_tracks_follow(&motion->tracks, motion->blobs.blob, motion->blobs.count, &pace, ages);
	for (int zone = 0; zone < motion->zones.count; zone++) {
		const bool noticed = look(motion, zone, ages);
		struct motion_event *event = &events[count];
		if (!motion_zone_update(&motion->watch[zone], noticed, info->timestamp_ns, &motion->params, event))
			continue;
		event->zone = zone;
		event->frame_id = info->id;
		count++;
	}
	return count;
}

size_t motion_frame(struct motion *motion, const uint16_t *luma, const struct frame_info *info,
                    struct motion_event *events)
{
	if (!in_order(motion, info))
		return 0;
	const double interval_s = motion->begun ? (double)(info->timestamp_ns - motion->last.timestamp_ns) / NS_PER_S : 0;
	const bool goes_on = motion->begun && !is_gap(motion, interval_s) && info->night == motion->last.night &&
	                     follow_light(motion, luma, info);
	motion->interval_s = interval_s;
	motion->last = *info;
	motion->blobs.count = 0;
	memcpy(motion->planes.before, motion->planes.changed, motion->planes.count);
	if (!goes_on) {
		begin(motion, luma);
		settle(motion, info->timestamp_ns);
		return update_zones(motion, info, events);
	}
	const struct motion_rates rates = rates_of(motion);
	motion->age += motion->age < SPREAD_RATE * SPREAD_SLOWS;
	const uint16_t noise = (uint16_t)(NOISE_MEDIANS * motion_planes_noise(&motion->planes, luma));
	const struct motion_counts counts = motion_planes_compare(&motion->planes, luma, &rates, noise);
	if (!is_settling(motion, &counts, info->timestamp_ns))
		find_blobs(motion, luma, &counts);
	return update_zones(motion, info, events);
}

size_t motion_stop(struct motion *motion, int64_t timestamp_ns, struct motion_event *events)
{
	size_t count = 0;
	for (int zone = 0; zone < motion->zones.count; zone++) {
		motion->watch[zone].state = (struct motion_zone){ 0 };
		if (!motion_zone_end(&motion->watch[zone], timestamp_ns, &events[count]))
			continue;
		events[count].zone = zone;
		events[count].frame_id = motion->last.id;
		count++;
	}
	motion->begun = false;
	return count;
}

void motion_zone(const struct motion *motion, int zone, struct motion_zone *state)
{
	*state = motion->watch[zone].state;
}

bool motion_settling(const struct motion *motion)
{
	return !motion->begun || motion->settle_frames > 0;
}

const uint8_t *motion_mask(const struct motion *motion)
{
	return motion->planes.changed;
}
