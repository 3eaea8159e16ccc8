#include "scene.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "scene_paint.h"

enum { NOISE_SPAN = 4096, STEPS_PER_STOP = 64, BLACK = -100000 };

struct texel {
	struct rgb colour;
	bool there;
};

struct scene {
	int width, height;
	uint8_t *base;
	uint8_t *noise;                       /* NOISE_SPAN more than a row */
	struct texel *sprites[SCENE_SPRITES]; /* each as large as its rectangle */
};

/* Two cars, one each way, and a balloon; numbers are frames, so a picture's number tells where they are. */
static struct scene_rect sprite_at(const struct scene *scene, int kind, uint32_t number)
{
	double width = scene->width, height = scene->height;
	double car_width = 0.11 * width, way = width + car_width;
	double right = fmod(number * width / 150.0, way) - car_width;
	double left = way - car_width - fmod(number * width / 230.0, way);
	double sway = number * 0.02;
	struct scene_rect rects[SCENE_SPRITES] = {
		{ (int)right, (int)(0.795 * height), (int)car_width, (int)(0.06 * height) },
		{ (int)left, (int)(0.735 * height), (int)car_width, (int)(0.055 * height) },
		{ (int)((0.46 + 0.09 * sin(sway)) * width), (int)((0.15 + 0.05 * sin(sway * 1.7)) * height),
		  (int)(0.07 * width), (int)(0.13 * height) },
	};
	return rects[kind];
}

/* s, t: 0 … 1 across the sprite. False where it is transparent. */
static bool balloon_colour(double s, double t, struct rgb *colour)
{
	double ds = s - 0.5, dt = t - 0.4;
	if (ds * ds / 0.25 + dt * dt / 0.16 < 1) {
		bool stripe = fmod(s * 5, 1) < 0.5;
		*colour = stripe ? (struct rgb){ 190, 80, 40 } : (struct rgb){ 205, 190, 120 };
		return true;
	}
	*colour = (struct rgb){ 90, 65, 40 };
	return t > 0.86 && fabs(ds) < 0.14;
}

static bool car_colour(double s, double t, bool blue, struct rgb *colour)
{
	double wheel = fmin(fabs(s - 0.22), fabs(s - 0.78));
	if (t > 0.62 && wheel * wheel * 6 + (t - 0.8) * (t - 0.8) < 0.04) {
		*colour = (struct rgb){ 30, 30, 32 };
		return true;
	}
	bool cabin = t > 0.08 && t <= 0.42 && s > 0.24 && s < 0.76;
	bool window = cabin && t > 0.14 && fabs(s - 0.5) > 0.02 && s > 0.28 && s < 0.72;
	*colour = window ? (struct rgb){ 60, 72, 85 } : blue ? (struct rgb){ 50, 90, 165 } : (struct rgb){ 180, 160, 60 };
	return cabin || (t > 0.40 && t < 0.80);
}

static bool sprite_colour(int kind, double s, double t, struct rgb *colour)
{
	return kind == 2 ? balloon_colour(s, t, colour) : car_colour(s, t, kind == 0, colour);
}

static void paint_sprite(struct texel *texels, int kind, struct scene_rect rect)
{
	for (int y = 0; y < rect.height; y++) {
		for (int x = 0; x < rect.width; x++) {
			struct texel *texel = &texels[y * rect.width + x];
			texel->there = sprite_colour(kind, (x + 0.5) / rect.width, (y + 0.5) / rect.height, &texel->colour);
		}
	}
}

static uint32_t scramble(uint32_t h)
{
	h = (h ^ (h >> 16)) * 0x7FEB352Du;
	h = (h ^ (h >> 15)) * 0x846CA68Bu;
	return h ^ (h >> 16);
}

struct scene *scene_create(int width, int height)
{
	struct scene *scene = calloc(1, sizeof *scene);
	if (!scene)
		return NULL;
	size_t row = (size_t)width * 3;
	scene->width = width;
	scene->height = height;
	scene->base = malloc(row * (size_t)height);
	scene->noise = malloc(row + NOISE_SPAN);
	bool complete = scene->base && scene->noise;
	for (int kind = 0; kind < SCENE_SPRITES; kind++) {
		const struct scene_rect rect = sprite_at(scene, kind, 0);
		scene->sprites[kind] = malloc((size_t)rect.width * (size_t)rect.height * sizeof *scene->sprites[kind] + 1);
		complete = complete && scene->sprites[kind];
	}
	if (complete) {
		memory_populate(scene->base, row * (size_t)height);
		return scene;
	}
	scene_destroy(scene);
	return NULL;
}

void scene_prepare(struct scene *scene)
{
	scene_paint(scene->base, scene->width, scene->height);
	for (int kind = 0; kind < SCENE_SPRITES; kind++)
		paint_sprite(scene->sprites[kind], kind, sprite_at(scene, kind, 0));
	for (size_t i = 0; i < (size_t)scene->width * 3 + NOISE_SPAN; i++)
		scene->noise[i] = (uint8_t)(scramble((uint32_t)i) % (SCENE_NOISE + 1));
}

void scene_destroy(struct scene *scene)
{
	if (!scene)
		return;
	for (int kind = 0; kind < SCENE_SPRITES; kind++)
		free(scene->sprites[kind]);
	free(scene->base);
	free(scene->noise);
	free(scene);
}

/* Brightness comes in steps of about 1 %, so that a canvas can be kept while the light hardly changes. */
static int brightness_of(double mean)
{
	return mean > 0.01 ? (int)lround(STEPS_PER_STOP * log2(mean / SCENE_MEAN)) : BLACK;
}

/* What a level becomes. Below FACTOR_MAX it is computed, in units of 1/64, which takes a processor's 16-bit
 * multiplication; the table says the same. */
struct tone {
	uint8_t table[256];
	uint16_t factor; /* in units of 1/FACTOR_ONE; 0: only the table */
};

enum { FACTOR_MAX = 4, FACTOR_ONE = 65536 / FACTOR_MAX };

static uint8_t shown(unsigned level, unsigned factor)
{
	const uint16_t scaled = (uint16_t)((uint16_t)(level << 8) * factor >> 16); /* at most 255 * 4 * 64 */
	const uint16_t rounded = (uint16_t)((scaled + 32) >> 6);
	return (uint8_t)(rounded < 255 ? rounded : 255);
}

static struct tone tone_of(int brightness)
{
	const double factor = brightness == BLACK ? 0 : exp2((double)brightness / STEPS_PER_STOP);
	struct tone tone = { .factor = factor < FACTOR_MAX ? (uint16_t)(factor * FACTOR_ONE) : 0 };
	for (unsigned i = 0; i < 256; i++)
		tone.table[i] = tone.factor > 0 ? shown(i, tone.factor) : (uint8_t)fmin(i * factor + 0.5, 255);
	return tone;
}

static void show_row(uint8_t *out, const uint8_t *base, const uint8_t *noise, const struct tone *tone, size_t bytes)
{
	const unsigned factor = tone->factor;
	if (factor > 0)
		for (size_t i = 0; i < bytes; i++)
			out[i] = shown((unsigned)(base[i] + noise[i]), factor);
	else
		for (size_t i = 0; i < bytes; i++)
			out[i] = tone->table[base[i] + noise[i]];
}

static void show_base(const struct scene *scene, struct scene_canvas *canvas, const struct tone *tone,
                      struct scene_rect rect)
{
	for (int y = rect.y; y < rect.y + rect.height; y++) {
		size_t at = ((size_t)y * (size_t)scene->width + (size_t)rect.x) * 3;
		const uint8_t *noise = scene->noise + scramble(canvas->seed * 65537u + (uint32_t)y) % NOISE_SPAN;
		show_row(canvas->rgb + at, scene->base + at, noise + (size_t)rect.x * 3, tone, (size_t)rect.width * 3);
	}
}

static struct scene_rect clip(const struct scene *scene, struct scene_rect rect)
{
	int right = rect.x + rect.width, bottom = rect.y + rect.height;
	right = right < scene->width ? right : scene->width;
	bottom = bottom < scene->height ? bottom : scene->height;
	rect.x = rect.x > 0 ? rect.x : 0;
	rect.y = rect.y > 0 ? rect.y : 0;
	rect.width = right > rect.x ? right - rect.x : 0;
	rect.height = bottom > rect.y ? bottom - rect.y : 0;
	return rect;
}

static void draw_sprite(const struct scene *scene, uint8_t *rgb, const struct tone *tone, int kind,
                        struct scene_rect rect)
{
	struct scene_rect seen = clip(scene, rect);
	for (int y = seen.y; y < seen.y + seen.height; y++) {
		const struct texel *texel = scene->sprites[kind] + (y - rect.y) * rect.width + (seen.x - rect.x);
		uint8_t *out = rgb + ((size_t)y * (size_t)scene->width + (size_t)seen.x) * 3;
		for (int x = 0; x < seen.width; x++, texel++, out += 3) {
			if (!texel->there)
				continue;
			out[0] = tone->table[texel->colour.r];
			out[1] = tone->table[texel->colour.g];
			out[2] = tone->table[texel->colour.b];
		}
	}
}

static void restore(const struct scene *scene, struct scene_canvas *canvas, const struct tone *tone, int brightness)
{
	if (!canvas->drawn)
		memory_populate(canvas->rgb, (size_t)scene->width * (size_t)scene->height * 3);
	if (!canvas->drawn || canvas->brightness != brightness) {
		show_base(scene, canvas, tone, (struct scene_rect){ 0, 0, scene->width, scene->height });
		canvas->drawn = true;
		canvas->brightness = brightness;
		return;
	}
	for (int i = 0; i < SCENE_SPRITES; i++)
		show_base(scene, canvas, tone, canvas->marks[i]);
}

void scene_draw(const struct scene *scene, struct scene_canvas *canvas, double mean, uint32_t number)
{
	const int brightness = brightness_of(mean);
	const struct tone tone = tone_of(brightness);
	restore(scene, canvas, &tone, brightness);
	if (canvas->still)
		return;
	for (int i = 0; i < SCENE_SPRITES; i++) {
		struct scene_rect rect = sprite_at(scene, i, number);
		canvas->marks[i] = clip(scene, rect);
		draw_sprite(scene, canvas->rgb, &tone, i, rect);
	}
	if (number_fits(scene->width, scene->height))
		number_draw(canvas->rgb, scene->width, number);
}
