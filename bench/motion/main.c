/* clang-format off */
/*
 * A scene of the synthetic camera whose truth is known, played through motion detection as fast as it goes. For each
 * frame a line on standard error: the share of the walker that is in the picture, whether the zone is in motion, its
 * score, and the milliseconds of ingest with luma and of detection.
 *
 * usage: motion [OPTIONS] EFFECTS FRAMES
 *   -r                     the frames on standard output, R,G,B, for another detector
 *   -k                     instead of all lines one: the mean milliseconds, taken in turns, that a copy of a frame, ingest,
 *                          ingest that fills the cells, and detection take
 *   -q                     instead of all lines one: frames, starts without a walker, walks, walks told in time
 *   -t FRAMES              in time: with that frame, of those with half of the walker or more (3)
 *   -m                     what moves is smeared as far as it goes while a frame is exposed
 *   -c                     draws a cell for a pixel, with the noise that the mean of a cell's pixels has
 *   -s WIDTHxHEIGHT -f FRAMERATE -b PIXELS_OF_A_CELL -z ZONES -i IGNORE
 *   -l LUX[,LUX,SECONDS]   of the scene; with the others there and back, once in so many seconds
 *   -n EXPOSURE_US,GAIN    fixed, else automatic
 *   -L SECONDS             the exposure of -n is halved and doubled in turn, each so long
 *   -N SECONDS             the camera goes to the exposure of -n, as night mode, and back, each for so long
 */
/* clang-format on */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "camera/light.h"
#include "camera/synthetic/effects.h"
#include "camera/synthetic/scene.h"
#include "camera/synthetic/scene_paint.h"
#include "detect/motion.h"
#include "media/ingest.h"

static const double MIN_AREA_PERCENT = 0.1, HOLD_S = 0.5;
enum { MIN_FRAMES = 3, SENSITIVITY = 50, SMEAR_STEPS = 16, WALK_ENDS = 10, DEVIATES = 65536 };

struct play {
	int width, height, frames, block;
	double framerate, lux;
	double other_lux, lux_s;   /* 0: the light stays */
	double ladder_s, switch_s; /* 0: no ladder, no switches */
	double exposure_us, gain;  /* fixed; 0: automatic */
	bool raw, smeared, quiet, cells, costs;
	int in_time;
	const char *zones, *ignore;
	struct effect_plan plan, optics, noise; /* plan without and with nothing but its noise, for smeared pictures */
	/* what is played on: */
	struct scene *scene;
	struct effect_painter *painter;
	struct scene_canvas canvas;
	struct ingest *ingest;
	struct luma_grid grid;
	uint8_t *kept;
	uint16_t *sums; /* of smeared pictures */
	double light;   /* that the last picture was drawn in */
	uint64_t random;
	float deviates[DEVIATES]; /* of deviation 1, nearly normal */
	struct motion *motion;
	struct light_auto automatic;
	bool moving;
	struct costs {
		double copy, plain, with_cells, detection; /* milliseconds of all frames */
	} spent;
	struct summary {
		int false_starts, walks, told;
		int there; /* frames with half of the walker or more, of this walk */
		int since; /* frames since any of a walker was there */
		bool is_told;
	} summary;
};

static double now_ms(void)
{
	struct timespec time;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e3 + (double)time.tv_nsec * 1e-6;
}

static bool parse_option(struct play *play, int option)
{
	switch (option) {
	case 'r':
		play->raw = true;
		return true;
	case 'q':
		play->quiet = true;
		return true;
	case 'k':
		play->costs = true;
		return true;
	case 'm':
		play->smeared = true;
		return true;
	case 'c':
		play->cells = true;
		return true;
	case 't':
		return sscanf(optarg, "%d", &play->in_time) == 1;
	case 'b':
		return sscanf(optarg, "%d", &play->block) == 1;
	case 's':
		return sscanf(optarg, "%dx%d", &play->width, &play->height) == 2;
	case 'f':
		return sscanf(optarg, "%lf", &play->framerate) == 1;
	case 'l':
		return sscanf(optarg, "%lf,%lf,%lf", &play->lux, &play->other_lux, &play->lux_s) >= 1;
	case 'n':
		return sscanf(optarg, "%lf,%lf", &play->exposure_us, &play->gain) == 2;
	case 'L':
		return sscanf(optarg, "%lf", &play->ladder_s) == 1;
	case 'N':
		return sscanf(optarg, "%lf", &play->switch_s) == 1;
	case 'z':
		play->zones = optarg;
		return true;
	case 'i':
		play->ignore = optarg;
		return true;
	default:
		return false;
	}
}

static bool parse(struct play *play, int argc, char **argv)
{
	int option;
	struct error error;
	*play = (struct play){
		.width = 1024, .height = 768, .block = 4, .in_time = 3, .framerate = 10, .lux = 400, .zones = "", .ignore = ""
	};
	while ((option = getopt(argc, argv, "rqkmct:b:s:f:l:n:L:N:z:i:")) != -1)
		if (!parse_option(play, option))
			return false;
	if (argc - optind != 2 || (play->cells && (play->smeared || play->raw)) ||
	    effects_parse(argv[optind], &play->plan, &error) < 0)
		return false;
	play->frames = atoi(argv[optind + 1]);
	for (int i = 0; i < play->plan.count; i++) {
		struct effect_plan *of = play->plan.effects[i].kind == EFFECT_NOISE ? &play->noise : &play->optics;
		of->effects[of->count++] = play->plan.effects[i];
	}
	if (play->cells) {
		play->width /= play->block;
		play->height /= play->block;
		play->plan = play->optics;
	}
	return true;
}

/* xorshift64 (G. Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8, 2003). */
static uint64_t draw_random(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random;
}

/* Sums of twelve uniform numbers. */
static void fill_deviates(struct play *play)
{
	for (int i = 0; i < DEVIATES; i++) {
		double sum = -6;
		for (int n = 0; n < 12; n++)
			sum += (double)(draw_random(&play->random) >> 11) / 9007199254740992.0;
		play->deviates[i] = (float)sum;
	}
}

static bool prepare(struct play *play)
{
	static struct zones zones;
	struct error error = { 0 };
	const struct zone_defaults defaults = { SENSITIVITY, MIN_AREA_PERCENT };
	const size_t bytes = frame_bytes(play->width, play->height);
	play->scene = scene_create(play->width, play->height);
	if (play->scene)
		scene_prepare(play->scene);
	play->painter = effect_painter_create(play->width, play->height);
	play->ingest = ingest_create(play->width, play->height, play->width, play->height);
	play->canvas = (struct scene_canvas){ .rgb = malloc(bytes), .still = true };
	play->kept = malloc(bytes);
	play->sums = malloc(bytes * sizeof *play->sums);
	light_auto_init(&play->automatic, play->framerate, play->lux);
	play->summary.since = WALK_ENDS;
	play->random = 1;
	fill_deviates(play);
	if (!luma_grid_init(&play->grid, play->width, play->height, play->cells ? 1 : play->block) ||
	    zones_parse(&zones, play->zones, play->ignore, &defaults, &error) < 0)
		return false;
	const struct motion_params params = { play->grid.width, play->grid.height, play->block, MIN_FRAMES, HOLD_S, 0 };
	play->motion = motion_create(&params, &zones, &error);
	return play->scene && play->painter && play->ingest && play->canvas.rgb && play->kept && play->sums && play->motion;
}

/* How much of the walker is in the picture: 0 to 1. */
static double walker_share(const struct play *play, double at_s)
{
	struct scene_rect rect, whole;
	double through;
	const struct effect *effect = effects_active(&play->plan, EFFECT_WALKER, at_s, &through);
	if (!effect || !effects_walker(&play->plan, play->width, play->height, at_s, &rect))
		return 0;
	const struct effect_plan middle = { { { .kind = EFFECT_WALKER, .value = effect->value, .length_s = 1 } }, 1 };
	effects_walker(&middle, play->width, play->height, 0.5, &whole);
	return (double)rect.width / whole.width;
}

static void paint(struct play *play, const struct effect_plan *plan, int number, double at_s, double gain, double mean)
{
	mean *= effects_light(play->painter, plan, at_s);
	play->canvas.drawn = false;
	play->canvas.seed = play->cells ? 1 : (unsigned)number;
	play->light = mean / SCENE_MEAN;
	scene_draw(play->scene, &play->canvas, mean, 0);
	effects_paint(play->painter, plan, at_s, mean / SCENE_MEAN, gain, (uint32_t)number, play->canvas.rgb);
}

/* The mean of what a sensor sees while it is exposed, and then its noise. */
static void paint_smeared(struct play *play, int number, double at_s, const struct frame_info *info, double mean)
{
	const size_t bytes = frame_bytes(play->width, play->height);
	memset(play->sums, 0, bytes * sizeof *play->sums);
	for (int i = 0; i < SMEAR_STEPS; i++) {
		paint(play, &play->optics, number, at_s + i * info->exposure_us / 1e6 / SMEAR_STEPS, info->gain, mean);
		for (size_t k = 0; k < bytes; k++)
			play->sums[k] = (uint16_t)(play->sums[k] + play->canvas.rgb[k]);
	}
	for (size_t k = 0; k < bytes; k++)
		play->canvas.rgb[k] = (uint8_t)(play->sums[k] / SMEAR_STEPS);
	effects_light(play->painter, &play->noise, at_s);
	effects_paint(play->painter, &play->noise, at_s, 1, info->gain, (uint32_t)number, play->canvas.rgb);
}

/* There and back, by equal factors. */
static double lux_at(const struct play *play, double at_s)
{
	if (!(play->lux_s > 0))
		return play->lux;
	const double through = fabs(2 * fmod(at_s / play->lux_s, 1) - 1);
	return play->lux * pow(play->other_lux / play->lux, 1 - through);
}

static bool is_night(const struct play *play, double at_s)
{
	return play->switch_s > 0 && fmod(at_s / play->switch_s, 2) >= 1;
}

static void expose(const struct play *play, double at_s, struct frame_info *info)
{
	const bool fixed = play->exposure_us > 0 && (!(play->switch_s > 0) || is_night(play, at_s));
	info->exposure_us = fixed ? play->exposure_us : play->automatic.exposure_us;
	info->gain = fixed ? play->gain : play->automatic.gain;
	info->night = is_night(play, at_s);
	if (play->ladder_s > 0 && fmod(at_s / play->ladder_s, 2) >= 1)
		info->exposure_us /= 2;
}

static void draw(struct play *play, int number, struct frame_info *info)
{
	const double at_s = number / play->framerate;
	*info = (struct frame_info){ .id = (uint64_t)number + 1, .timestamp_ns = (int64_t)(at_s * 1e9) + 1 };
	expose(play, at_s, info);
	const double mean = light_mean(lux_at(play, at_s), info->exposure_us, info->gain);
	if (play->smeared)
		paint_smeared(play, number, at_s, info, mean);
	else
		paint(play, &play->plan, number, at_s, info->gain, mean);
}

/* share: of the walker that is in the picture; started: motion has, with this frame. */
static void sum_up(struct play *play, double share, bool started)
{
	struct summary *summary = &play->summary;
	if (share > 0 && summary->since >= WALK_ENDS)
		*summary = (struct summary){ summary->false_starts, summary->walks + 1, summary->told, 0, 0, false };
	summary->since = share > 0 ? 0 : summary->since + 1;
	summary->there += share >= 0.5;
	summary->false_starts += started && summary->since >= WALK_ENDS;
	if (!summary->is_told && play->moving && summary->since == 0 && summary->there <= play->in_time) {
		summary->is_told = true;
		summary->told++;
	}
}

/* Of the mean of a block's pixels, R, G and B each: the noise of effects.h, and that of the scene itself, which is one
 * of SCENE_NOISE + 1 levels. */
static float cell_deviation(const struct play *play, int level, double gain)
{
	const double sensor = play->noise.count > 0 ? effects_noise(level, gain) : 0;
	const double scene = play->light * sqrt(((SCENE_NOISE + 1.0) * (SCENE_NOISE + 1.0) - 1) / 12);
	return (float)(LUMA_GRID_LEVEL * hypot(sensor, scene) / (sqrt(3) * play->block));
}

static void add_noise_to_cells(struct play *play, double gain)
{
	const size_t cells = (size_t)play->grid.width * (size_t)play->grid.height;
	float deviation[256];
	uint64_t random = 0;
	for (int i = 0; i < 256; i++)
		deviation[i] = cell_deviation(play, i, gain);
	for (size_t i = 0; i < cells; i++, random >>= 16) {
		uint16_t *cell = &play->grid.cells[i];
		random = i % 4 == 0 ? draw_random(&play->random) : random;
		const float noisy =
		    (float)*cell + deviation[*cell / LUMA_GRID_LEVEL] * play->deviates[random % DEVIATES] + 0.5F;
		*cell = (uint16_t)fminf(fmaxf(noisy, 0), LUMA_GRID_MOST);
	}
}

/* Each begins in turn, since who comes first finds the picture in no cache. */
static void take_in(struct play *play, int number, const struct image *image, struct frame *frame)
{
	double *const spent[] = { &play->spent.copy, &play->spent.plain, &play->spent.with_cells };
	enum { WAYS = sizeof spent / sizeof *spent };
	for (int i = 0; play->costs && i < WAYS; i++) {
		const int way = (number + i) % WAYS;
		const double begun = now_ms();
		if (way == 0)
			memcpy(play->kept, play->canvas.rgb, frame_bytes(play->width, play->height));
		else
			ingest_with_luma(play->ingest, image, frame, way == 1 ? NULL : &play->grid);
		*spent[way] += now_ms() - begun;
	}
	if (!play->costs)
		ingest_with_luma(play->ingest, image, frame, &play->grid);
}

static void look(struct play *play, int number, const struct frame_info *info)
{
	struct motion_event events[MOTION_EVENTS_MAX];
	struct motion_zone zone;
	const struct image image = { .format = PIXEL_RGB,
		                         .width = play->width,
		                         .height = play->height,
		                         .plane = { play->canvas.rgb },
		                         .stride = { frame_bytes(play->width, 1) } };
	struct frame frame = { .pixels = play->kept, .width = play->width, .height = play->height, .info = *info };
	const double begun = now_ms();
	take_in(play, number, &image, &frame);
	if (play->cells)
		add_noise_to_cells(play, info->gain);
	const double taken = now_ms();
	const size_t count = motion_frame(play->motion, play->grid.cells, &frame.info, events);
	const double looked = now_ms();
	play->spent.detection += looked - taken;
	light_auto_step(&play->automatic, frame.info.mean);
	bool started = false;
	for (size_t i = 0; i < count; i++)
		started |= play->moving = events[i].start;
	const double share = walker_share(play, number / play->framerate);
	sum_up(play, share, started);
	if (play->quiet || play->costs)
		return;
	motion_zone(play->motion, 0, &zone);
	fprintf(stderr, "%.2f %d %.3f %.3f %.3f\n", share, play->moving, zone.score, taken - begun, looked - taken);
}

int main(int argc, char **argv)
{
	static struct play play;
	if (!parse(&play, argc, argv) || !prepare(&play)) {
		fprintf(stderr, "motion: wrong arguments, or no memory\n");
		return 2;
	}
	for (int i = 0; i < play.frames; i++) {
		struct frame_info info;
		draw(&play, i, &info);
		look(&play, i, &info);
		if (play.raw && fwrite(play.canvas.rgb, frame_bytes(play.width, play.height), 1, stdout) != 1)
			return 1;
	}
	if (play.costs)
		printf("%.3f %.3f %.3f %.3f\n", play.spent.copy / play.frames, play.spent.plain / play.frames,
		       play.spent.with_cells / play.frames, play.spent.detection / play.frames);
	if (play.quiet)
		printf("%d %d %d %d\n", play.frames, play.summary.false_starts, play.summary.walks, play.summary.told);
	return 0;
}
