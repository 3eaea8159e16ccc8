/* In the order in which light meets them: the scene, what stands in it, the light on it, rain, the lens, the sensor. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "effects_private.h"

/* Of the picture's width a fortieth is between two points of light, within bounds. */
enum { LATTICE_MOST = 16, LATTICE_LEAST = 4, LATTICE_SHARE = 40 };
enum { NOISE_SPAN = 1 << 16, GAIN_ONE = 256 };
/* The sensor's noise, in levels at gain 1: of a picture of level 100, and of a black one. */
static const double SHOT_NOISE = 0.9, READ_NOISE = 0.25;

struct effect_painter {
	int width, height;
	int lattice;       /* pixels between points of light */
	int columns, rows; /* of those */
	float *light;      /* on them, 1 where there is the least of it */
	bool lit;
	uint8_t *copy;               /* of a row, or of a column's worth of rows */
	int8_t deviates[NOISE_SPAN]; /* 32 is a standard deviation */
};

static uint32_t scramble(uint32_t h)
{
	h = (h ^ (h >> 16)) * 0x7FEB352Du;
	h = (h ^ (h >> 15)) * 0x846CA68Bu;
	return h ^ (h >> 16);
}

static double uniform(uint32_t *state)
{
	*state += 0x9E3779B9u;
	return scramble(*state) / 4294967296.0;
}

struct effect_painter *effect_painter_create(int width, int height)
{
	struct effect_painter *painter = calloc(1, sizeof *painter);
	if (!painter)
		return NULL;
	painter->width = width;
	painter->height = height;
	const int share = width / LATTICE_SHARE;
	painter->lattice = share < LATTICE_LEAST ? LATTICE_LEAST : share > LATTICE_MOST ? LATTICE_MOST : share;
	painter->columns = width / painter->lattice + 2;
	painter->rows = height / painter->lattice + 2;
	painter->light = malloc((size_t)painter->columns * (size_t)painter->rows * sizeof *painter->light);
	painter->copy = malloc((size_t)width * (size_t)height * 3);
	if (!painter->light || !painter->copy) {
		effect_painter_destroy(painter);
		return NULL;
	}
	uint32_t state = 1;
	for (size_t i = 0; i < NOISE_SPAN; i++) {
		double sum = -6; /* of twelve uniform ones: nearly normal, deviation 1 */
		for (int n = 0; n < 12; n++)
			sum += uniform(&state);
		painter->deviates[i] = (int8_t)lround(fmin(fmax(sum * 32, -127), 127));
	}
	return painter;
}

void effect_painter_destroy(struct effect_painter *painter)
{
	if (!painter)
		return;
	free(painter->light);
	free(painter->copy);
	free(painter);
}

/* --- what stands in the scene --- */

static void sway(struct effect_painter *painter, double pixels, double at_s, uint8_t *rgb)
{
	const int left = painter->width * 14 / 100, right = painter->width * 43 / 100;
	const int top = painter->height * 28 / 100, bottom = painter->height * 62 / 100;
	const double gust = 0.5 + 0.5 * sin(at_s * 0.7) * sin(at_s * 0.31);
	for (int y = top; y < bottom; y++) {
		const double height = (double)(bottom - y) / (bottom - top);
		const double bend = pixels * gust * height * sin(at_s * 2.9 + y * 12.0 / painter->height);
		const int shift = (int)lround(bend);
		uint8_t *row = rgb + ((size_t)y * (size_t)painter->width + (size_t)left) * 3;
		const size_t bytes = (size_t)(right - left) * 3, by = (size_t)abs(shift) * 3;
		memcpy(painter->copy, row, bytes);
		if (shift > 0)
			memcpy(row + by, painter->copy, bytes - by);
		else
			memcpy(row, painter->copy + by, bytes - by);
	}
}

struct paint {
	double r, g, b;
};

/* s, t: 0 to 1 across the walker's box; stride: -1 to 1. False where it is transparent. */
static bool walker_colour(double s, double t, double stride, struct paint *colour)
{
	const double ds = s - 0.5;
	if (t < 0.15) {
		*colour = t < 0.05 ? (struct paint){ 60, 45, 30 } : (struct paint){ 200, 160, 130 };
		return ds * ds / 0.04 + (t - 0.075) * (t - 0.075) / 0.0056 < 1;
	}
	if (t < 0.55) {
		*colour = fabs(ds) < 0.04 ? (struct paint){ 200, 200, 205 } : (struct paint){ 45, 55, 95 };
		return fabs(ds) < 0.34 - 0.1 * fabs(t - 0.35);
	}
	const double spread = stride * (t - 0.55) * 0.8;
	*colour = t > 0.95 ? (struct paint){ 25, 22, 20 } : (struct paint){ 75, 68, 60 };
	return fabs(ds - spread) < 0.15 || fabs(ds + spread) < 0.15;
}

static uint8_t level(double value)
{
	return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value + 0.5);
}

static void draw_walker(const struct effect_painter *painter, const struct effect *effect, double through, double light,
                        uint8_t *rgb)
{
	const struct scene_rect rect = walker_rect(effect, painter->width, painter->height, through);
	const double stride = sin(through * (painter->width + 2.0 * rect.width) / rect.width * 3.2);
	for (int y = rect.y > 0 ? rect.y : 0; y < rect.y + rect.height && y < painter->height; y++)
		for (int x = rect.x > 0 ? rect.x : 0; x < rect.x + rect.width && x < painter->width; x++) {
			struct paint colour;
			if (!walker_colour((x - rect.x + 0.5) / rect.width, (y - rect.y + 0.5) / rect.height, stride, &colour))
				continue;
			uint8_t *pixel = rgb + ((size_t)y * (size_t)painter->width + (size_t)x) * 3;
			pixel[0] = level(colour.r * light);
			pixel[1] = level(colour.g * light);
			pixel[2] = level(colour.b * light);
		}
}

/* --- light --- */

static double smooth_step(double x)
{
	x = fmin(fmax(x, 0), 1);
	return x * x * (3 - 2 * x);
}

/* u, v: 0 to 1 across the picture. */
struct lights {
	const struct effect *cloud, *dim, *lamp, *headlights;
	double cloud_through, dim_through, lamp_through, headlights_through;
};

static double gain_at(const struct lights *lights, double u, double v)
{
	double gain = 1;
	if (lights->cloud) {
		const double edge = lights->cloud_through * 2.6 - 0.3 - 0.15 * v; /* the cloud is 0.8 wide, its edges 0.25 */
		gain *= 1 - lights->cloud->value * smooth_step((edge - u) / 0.25) * smooth_step((u - edge + 1.3) / 0.25);
	}
	if (lights->dim)
		gain *= 1 - lights->dim->value * smooth_step(1 - fabs(2 * lights->dim_through - 1));
	if (lights->lamp) {
		const double du = u - 0.7, dv = v - 0.35;
		gain *= exp2(lights->lamp->value * (0.6 + 0.4 * exp(-(du * du + dv * dv) / 0.1)));
	}
	if (lights->headlights) {
		const double du = (u - (1.4 * lights->headlights_through - 0.2)) / 0.14, dv = (v - 0.72) / 0.1;
		gain *= 1 + (exp2(lights->headlights->value) - 1) * exp(-du * du - dv * dv);
	}
	return gain;
}

static void light_row(const struct effect_painter *painter, int y, uint8_t *row)
{
	const int lattice = painter->lattice, first = y / lattice, columns = painter->columns;
	const float down = (float)(y % lattice) / (float)lattice;
	const float *above = painter->light + first * columns, *below = above + columns;
	for (int x = 0; x < painter->width; x++) {
		const int column = x / lattice;
		const float left = above[column] + down * (below[column] - above[column]);
		const float right = above[column + 1] + down * (below[column + 1] - above[column + 1]);
		const int gain = (int)(GAIN_ONE * (left + (right - left) * (float)(x % lattice) / (float)lattice));
		for (int i = 0; i < 3; i++, row++) {
			const int lit = *row * gain / GAIN_ONE;
			*row = (uint8_t)(lit > 255 ? 255 : lit);
		}
	}
}

static bool find_lights(const struct effect_plan *plan, double at_s, struct lights *lights)
{
	lights->cloud = effects_active(plan, EFFECT_CLOUD, at_s, &lights->cloud_through);
	lights->dim = effects_active(plan, EFFECT_DIM, at_s, &lights->dim_through);
	lights->lamp = effects_active(plan, EFFECT_LAMP, at_s, &lights->lamp_through);
	lights->headlights = effects_active(plan, EFFECT_HEADLIGHTS, at_s, &lights->headlights_through);
	return lights->cloud || lights->dim || lights->lamp || lights->headlights;
}

double effects_light(struct effect_painter *painter, const struct effect_plan *plan, double at_s)
{
	struct lights lights;
	painter->lit = find_lights(plan, at_s, &lights);
	if (!painter->lit)
		return 1;
	double least = INFINITY;
	for (int y = 0, i = 0; y < painter->rows; y++)
		for (int x = 0; x < painter->columns; x++, i++) {
			const double gain = gain_at(&lights, (double)x * painter->lattice / painter->width,
			                            (double)y * painter->lattice / painter->height);
			painter->light[i] = (float)gain;
			least = fmin(least, gain);
		}
	for (int i = 0; i < painter->rows * painter->columns; i++)
		painter->light[i] = (float)(painter->light[i] / least);
	return least;
}

static void light_scene(const struct effect_painter *painter, uint8_t *rgb)
{
	for (int y = 0; painter->lit && y < painter->height; y++)
		light_row(painter, y, rgb + (size_t)y * (size_t)painter->width * 3);
}

/* --- between the scene and the sensor --- */

static void rain(const struct effect_painter *painter, int streaks, uint32_t seed, uint8_t *rgb)
{
	uint32_t state = seed * 2654435761u;
	for (int i = 0; i < streaks; i++) {
		const double near = uniform(&state);
		int x = (int)(uniform(&state) * painter->width), y = (int)(uniform(&state) * painter->height);
		const int length = (int)((0.02 + 0.06 * near) * painter->height), wide = near > 0.9 ? 3 : near > 0.5 ? 2 : 1;
		for (int end = y + length; y < end && y < painter->height; y++)
			for (int at = x; at < x + wide && at < painter->width; at++) {
				uint8_t *pixel = rgb + ((size_t)y * (size_t)painter->width + (size_t)at) * 3;
				for (int channel = 0; channel < 3; channel++)
					pixel[channel] = level(pixel[channel] * 0.75 + 50);
			}
	}
}

/* The mean of radius to each side, along count pixels that are step bytes apart. */
static void blur_line(const uint8_t *from, uint8_t *to, int count, size_t step, int radius)
{
	int sum = 0, width = 0;
	for (int i = 0; i < radius && i < count; i++, width++)
		sum += from[(size_t)i * step];
	for (int i = 0; i < count; i++) {
		if (i + radius < count) {
			sum += from[(size_t)(i + radius) * step];
			width++;
		}
		if (i - radius > 0) {
			sum -= from[(size_t)(i - radius - 1) * step];
			width--;
		}
		assert(width > 0);
		to[(size_t)i * step] = (uint8_t)((sum + width / 2) / width);
	}
}

static void blur(struct effect_painter *painter, int radius, uint8_t *rgb)
{
	const size_t row = (size_t)painter->width * 3;
	for (int y = 0; y < painter->height; y++)
		for (size_t channel = 0; channel < 3; channel++)
			blur_line(rgb + (size_t)y * row + channel, painter->copy + (size_t)y * row + channel, painter->width, 3,
			          radius);
	for (size_t x = 0; x < row; x++)
		blur_line(painter->copy + x, rgb + x, painter->height, row, radius);
}

double effects_noise(double value, double gain)
{
	const double shot = SHOT_NOISE * SHOT_NOISE * gain * value / 100, read = READ_NOISE * READ_NOISE * gain * gain;
	return sqrt(shot + read);
}

static void add_noise(const struct effect_painter *painter, double times, double gain, uint32_t seed, uint8_t *rgb)
{
	int deviation[256]; /* of each level, in 1/256 of a level */
	for (int i = 0; i < 256; i++)
		deviation[i] = (int)(256 * times * effects_noise(i, gain));
	const size_t row = (size_t)painter->width * 3;
	for (int y = 0; y < painter->height; y++) {
		size_t at = scramble(seed * 65537u + (uint32_t)y) % NOISE_SPAN;
		for (size_t x = 0; x < row; x++, rgb++, at = (at + 1) % NOISE_SPAN) {
			const int value = *rgb + (painter->deviates[at] * deviation[*rgb] + 4096) / 8192;
			*rgb = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
		}
	}
}

void effects_paint(struct effect_painter *painter, const struct effect_plan *plan, double at_s, double light,
                   double gain, uint32_t seed, uint8_t *rgb)
{
	double through;
	const struct effect *effect;
	if ((effect = effects_active(plan, EFFECT_SWAY, at_s, &through)))
		sway(painter, effect->value, at_s, rgb);
	for (int i = 0; i < plan->count; i++)
		if (plan->effects[i].kind == EFFECT_WALKER &&
		    effects_active(&(struct effect_plan){ { plan->effects[i] }, 1 }, EFFECT_WALKER, at_s, &through))
			draw_walker(painter, &plan->effects[i], through, light, rgb);
	light_scene(painter, rgb);
	if ((effect = effects_active(plan, EFFECT_RAIN, at_s, &through)))
		rain(painter, (int)effect->value, seed, rgb);
	if ((effect = effects_active(plan, EFFECT_BLUR, at_s, &through)))
		blur(painter, (int)effect->value, rgb);
	if ((effect = effects_active(plan, EFFECT_NOISE, at_s, &through)))
		add_noise(painter, effect->value, gain, seed, rgb);
}
