/* The picture is a function of position: from far to near, each layer may replace the colour of a pixel. Lengths are
 * fractions of width (u) and height (v). */
#include "scene_paint.h"

#include <math.h>
#include <stddef.h>

struct colour {
	double r, g, b;
};

struct place {
	double u, v;
	int x, y;
};

static double hash01(int x, int y)
{
	uint32_t h = (uint32_t)x * 0x9E3779B1u ^ (uint32_t)y * 0x85EBCA77u;
	h = (h ^ (h >> 15)) * 0x2C1B3C6Du;
	h = (h ^ (h >> 12)) * 0x297A2D39u;
	return (double)((h ^ (h >> 15)) & 0xFFFF) / 65535;
}

/* Smooth noise, 0 … 1, about one bump per unit. */
static double bumps(double x, double y)
{
	int x0 = (int)x, y0 = (int)y; /* never negative here */
	double fx = x - x0, fy = y - y0;
	fx = fx * fx * (3 - 2 * fx);
	fy = fy * fy * (3 - 2 * fy);
	double top = hash01(x0, y0) * (1 - fx) + hash01(x0 + 1, y0) * fx;
	double bottom = hash01(x0, y0 + 1) * (1 - fx) + hash01(x0 + 1, y0 + 1) * fx;
	return top * (1 - fy) + bottom * fy;
}

static struct colour mix(struct colour a, struct colour b, double t)
{
	return (struct colour){ a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t };
}

static struct colour shade(struct colour c, double factor)
{
	return (struct colour){ c.r * factor, c.g * factor, c.b * factor };
}

static bool inside(const struct place *p, double u0, double v0, double u1, double v1)
{
	return p->u >= u0 && p->u < u1 && p->v >= v0 && p->v < v1;
}

static struct colour sky(const struct place *p)
{
	struct colour c = mix((struct colour){ 85, 125, 190 }, (struct colour){ 200, 195, 180 }, p->v / 0.5);
	double cloud = (0.65 * bumps(p->u * 6, p->v * 14) + 0.35 * bumps(p->u * 21, p->v * 45) - 0.5) * 3;
	return cloud > 0 ? mix(c, (struct colour){ 225, 225, 222 }, cloud < 0.9 ? cloud : 0.9) : c;
}

static void paint_hills(const struct place *p, struct colour *c)
{
	if (p->v < 0.35)
		return;
	if (p->v > 0.42 + 0.05 * sin(7 * p->u + 1) + 0.02 * sin(19 * p->u))
		*c = shade((struct colour){ 95, 118, 125 }, 0.9 + 0.2 * bumps(p->u * 60, p->v * 60));
	if (p->v > 0.52 + 0.03 * sin(5 * p->u + 3) + 0.006 * bumps(p->u * 90, 0))
		*c = shade((struct colour){ 62, 92, 50 }, 0.6 + 0.7 * bumps(p->u * 110, p->v * 110));
}

static void paint_meadow(const struct place *p, struct colour *c)
{
	double near = (p->v - 0.55) / 0.45;
	double blades = bumps(p->u * 220 / (0.4 + near), p->v * 90);
	*c = shade(mix((struct colour){ 100, 125, 60 }, (struct colour){ 85, 112, 48 }, near), 0.65 + 0.6 * blades);
}

static void paint_road(const struct place *p, struct colour *c)
{
	if (p->v < 0.745 || p->v >= 0.855)
		return;
	bool dash = fabs(p->v - 0.80) < 0.005 && fmod(p->u * 12, 1) < 0.55;
	*c = dash ? (struct colour){ 205, 205, 195 }
	          : shade((struct colour){ 98, 98, 102 }, 0.85 + 0.3 * hash01(p->x, p->y));
}

static void paint_wall(const struct place *p, struct colour *c)
{
	double row = floor(p->v * 90), brick = p->u * 60 + 0.5 * fmod(row, 2);
	bool joint = fmod(p->v * 90, 1) < 0.15 || fmod(brick, 1) < 0.08;
	*c = joint ? (struct colour){ 185, 180, 170 }
	           : shade((struct colour){ 165, 95, 72 }, 0.85 + 0.3 * hash01((int)brick, (int)row));
}

static void paint_windows(const struct place *p, struct colour *c)
{
	for (int i = 0; i < 3; i++) {
		double left = 0.635 + 0.085 * i;
		if (inside(p, left - 0.005, 0.465, left + 0.05, 0.565))
			*c = (struct colour){ 220, 218, 210 };
		bool bar = fabs(p->u - left - 0.0225) < 0.0025 || fabs(p->v - 0.515) < 0.003;
		if (inside(p, left, 0.472, left + 0.045, 0.558) && !bar)
			*c = mix((struct colour){ 35, 45, 60 }, (struct colour){ 95, 115, 140 }, (p->u - left) * 20);
	}
	if (inside(p, 0.72, 0.59, 0.765, 0.70))
		*c = (struct colour){ 70, 48, 35 };
}

static void paint_house(const struct place *p, struct colour *c)
{
	double roof = 0.30 + fabs(p->u - 0.74) * 0.8;
	if (inside(p, 0.60, 0.30, 0.88, 0.43) && p->v > roof)
		*c = shade((struct colour){ 110, 62, 55 }, fmod(p->v * 80, 1) < 0.25 ? 0.7 : 1.0);
	if (inside(p, 0.61, 0.43, 0.87, 0.70)) {
		paint_wall(p, c);
		paint_windows(p, c);
	}
}

static void paint_tree(const struct place *p, struct colour *c)
{
	if (inside(p, 0.275, 0.55, 0.295, 0.70))
		*c = shade((struct colour){ 80, 60, 42 }, 0.7 + 0.6 * hash01(p->x, 0));
	double du = (p->u - 0.285) * 1.35, dv = p->v - 0.45;
	if (du * du + dv * dv > 0.17 * 0.17)
		return;
	double crown = 0.13 + 0.04 * bumps(p->u * 50, p->v * 50);
	if (du * du + dv * dv < crown * crown)
		*c = shade((struct colour){ 55, 98, 45 }, 0.35 + 1.0 * bumps(p->u * 130, p->v * 110) - 0.8 * dv);
}

static void paint_fence(const struct place *p, struct colour *c)
{
	bool post = p->u < 0.56 && p->v >= 0.655 && p->v < 0.735 && fmod(p->u * 40, 1) < 0.3;
	bool rail = p->u < 0.56 && p->v >= 0.675 && p->v < 0.685;
	if (post || rail)
		*c = (struct colour){ 190, 180, 160 };
}

static struct colour colour_at(const struct place *p)
{
	struct colour c = { 0 };
	if (p->v < 0.6) {
		c = sky(p);
		paint_hills(p, &c);
	} else {
		paint_meadow(p, &c);
		paint_road(p, &c);
	}
	paint_tree(p, &c);
	paint_house(p, &c);
	paint_fence(p, &c);
	return c;
}

static uint8_t to_byte(double value)
{
	double rounded = value + 0.5, most = 255 - SCENE_NOISE;
	return (uint8_t)(rounded < 0 ? 0 : rounded > most ? most : rounded);
}

static void paint_board(uint8_t *base, int width, int height)
{
	static const struct rgb PATCHES[SCENE_PATCHES] = { { 200, 0, 0 },     { 0, 200, 0 },     { 0, 0, 200 },
		                                               { 210, 210, 210 }, { 105, 105, 105 }, { 6, 6, 6 } };
	for (int i = 0; i < SCENE_PATCHES; i++) {
		struct scene_rect rect = scene_patch(width, height, i);
		for (int y = rect.y; y < rect.y + rect.height; y++) {
			for (int x = rect.x; x < rect.x + rect.width; x++)
				*(struct rgb *)(base + ((size_t)y * (size_t)width + (size_t)x) * 3) = PATCHES[i];
		}
	}
}

static double mean_of(const uint8_t *base, size_t bytes)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < bytes; i++)
		sum += base[i];
	return (double)sum / (double)bytes;
}

/* The board keeps its colours; all else is scaled until the whole has the mean that it must have. */
static void normalise(uint8_t *base, int width, int height)
{
	size_t bytes = (size_t)width * (size_t)height * 3;
	double wanted = SCENE_MEAN - SCENE_NOISE / 2.0;
	for (int round = 0; round < 3; round++) {
		double factor = wanted / fmax(mean_of(base, bytes), 1);
		uint8_t scaled[256];
		for (int level = 0; level < 256; level++)
			scaled[level] = to_byte(level * factor);
		for (size_t i = 0; i < bytes; i++)
			base[i] = scaled[base[i]];
		paint_board(base, width, height);
	}
}

void scene_paint(uint8_t *base, int width, int height)
{
	uint8_t *out = base;
	for (int y = 0; y < height; y++) {
		for (int x = 0; x < width; x++) {
			struct place place = { (x + 0.5) / width, (y + 0.5) / height, x, y };
			struct colour c = colour_at(&place);
			*out++ = to_byte(c.r);
			*out++ = to_byte(c.g);
			*out++ = to_byte(c.b);
		}
	}
	normalise(base, width, height);
}

struct scene_rect scene_patch(int width, int height, int index)
{
	int left = width * (66 + 5 * index) / 100, right = width * (71 + 5 * index) / 100;
	int top = height * 87 / 100, bottom = height * 95 / 100;
	return (struct scene_rect){ left, top, right - left, bottom - top };
}
