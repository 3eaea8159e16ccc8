/* The picture is a function of position: of the layers, from near to far, the first that is there gives a pixel its
 * colour. Lengths are fractions of width (u) and height (v). */
#include "scene_paint.h"

#include <math.h>
#include <stddef.h>

struct colour {
	double r, g, b;
};

/* Where, in each column, what is far begins: v of the upper edges. */
struct ridges {
	double hills, forest;
};

struct place {
	double u, v;
	int x, y;
	struct ridges ridges;
};

static double hash01(int x, int y)
{
	uint32_t h = (uint32_t)x * 0x9E3779B1u ^ (uint32_t)y * 0x85EBCA77u;
	h = (h ^ (h >> 15)) * 0x2C1B3C6Du;
	h = (h ^ (h >> 12)) * 0x297A2D39u;
	return (double)((h ^ (h >> 15)) & 0xFFFF) / 65535;
}

/* What is behind the point of a number that is not negative. */
static double fraction(double x)
{
	return x - (int)x;
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

static struct ridges ridges_at(double u)
{
	return (struct ridges){ .hills = 0.42 + 0.05 * sin(7 * u + 1) + 0.02 * sin(19 * u),
		                    .forest = 0.52 + 0.03 * sin(5 * u + 3) + 0.006 * bumps(u * 90, 0) };
}

static struct colour sky(const struct place *p)
{
	struct colour c = mix((struct colour){ 85, 125, 190 }, (struct colour){ 200, 195, 180 }, p->v / 0.5);
	double cloud = (0.65 * bumps(p->u * 6, p->v * 14) + 0.35 * bumps(p->u * 21, p->v * 45) - 0.5) * 3;
	return cloud > 0 ? mix(c, (struct colour){ 225, 225, 222 }, cloud < 0.9 ? cloud : 0.9) : c;
}

static struct colour forest(const struct place *p)
{
	return shade((struct colour){ 62, 92, 50 }, 0.6 + 0.7 * bumps(p->u * 110, p->v * 110));
}

static struct colour hills(const struct place *p)
{
	return shade((struct colour){ 95, 118, 125 }, 0.9 + 0.2 * bumps(p->u * 60, p->v * 60));
}

static struct colour meadow(const struct place *p)
{
	double near = (p->v - 0.55) / 0.45;
	double blades = bumps(p->u * 220 / (0.4 + near), p->v * 90);
	return shade(mix((struct colour){ 100, 125, 60 }, (struct colour){ 85, 112, 48 }, near), 0.65 + 0.6 * blades);
}

static struct colour road(const struct place *p)
{
	bool dash = fabs(p->v - 0.80) < 0.005 && fraction(p->u * 12) < 0.55;
	return dash ? (struct colour){ 205, 205, 195 }
	            : shade((struct colour){ 98, 98, 102 }, 0.85 + 0.3 * hash01(p->x, p->y));
}

static struct colour wall(const struct place *p)
{
	int row = (int)(p->v * 90);
	double brick = p->u * 60 + 0.5 * (row % 2);
	bool joint = fraction(p->v * 90) < 0.15 || fraction(brick) < 0.08;
	return joint ? (struct colour){ 185, 180, 170 }
	             : shade((struct colour){ 165, 95, 72 }, 0.85 + 0.3 * hash01((int)brick, row));
}

static bool window(const struct place *p, struct colour *c)
{
	for (int i = 0; i < 3; i++) {
		double left = 0.635 + 0.085 * i;
		bool bar = fabs(p->u - left - 0.0225) < 0.0025 || fabs(p->v - 0.515) < 0.003;
		if (!inside(p, left - 0.005, 0.465, left + 0.05, 0.565))
			continue;
		bool glass = inside(p, left, 0.472, left + 0.045, 0.558) && !bar;
		*c = glass ? mix((struct colour){ 35, 45, 60 }, (struct colour){ 95, 115, 140 }, (p->u - left) * 20)
		           : (struct colour){ 220, 218, 210 };
		return true;
	}
	return false;
}

static bool house(const struct place *p, struct colour *c)
{
	if (inside(p, 0.61, 0.43, 0.87, 0.70)) {
		if (inside(p, 0.72, 0.59, 0.765, 0.70))
			*c = (struct colour){ 70, 48, 35 };
		else if (!window(p, c))
			*c = wall(p);
		return true;
	}
	bool roof = inside(p, 0.60, 0.30, 0.88, 0.43) && p->v > 0.30 + fabs(p->u - 0.74) * 0.8;
	if (roof)
		*c = shade((struct colour){ 110, 62, 55 }, fraction(p->v * 80) < 0.25 ? 0.7 : 1.0);
	return roof;
}

static bool tree(const struct place *p, struct colour *c)
{
	double du = (p->u - 0.285) * 1.35, dv = p->v - 0.45, distance = du * du + dv * dv;
	double crown = distance > 0.17 * 0.17 ? 0 : 0.13 + 0.04 * bumps(p->u * 50, p->v * 50);
	if (distance < crown * crown) {
		*c = shade((struct colour){ 55, 98, 45 }, 0.35 + 1.0 * bumps(p->u * 130, p->v * 110) - 0.8 * dv);
		return true;
	}
	bool trunk = inside(p, 0.275, 0.55, 0.295, 0.70);
	if (trunk)
		*c = shade((struct colour){ 80, 60, 42 }, 0.7 + 0.6 * hash01(p->x, 0));
	return trunk;
}

static bool fence(const struct place *p, struct colour *c)
{
	bool post = inside(p, 0, 0.655, 0.56, 0.735) && fraction(p->u * 40) < 0.3;
	bool rail = inside(p, 0, 0.675, 0.56, 0.685);
	*c = (struct colour){ 190, 180, 160 };
	return post || rail;
}

static struct colour colour_at(const struct place *p)
{
	struct colour c;
	if (fence(p, &c) || house(p, &c) || tree(p, &c))
		return c;
	if (p->v >= 0.6)
		return p->v >= 0.745 && p->v < 0.855 ? road(p) : meadow(p);
	return p->v > p->ridges.forest ? forest(p) : p->v > p->ridges.hills ? hills(p) : sky(p);
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

/* By columns, since the ridges belong to them. */
void scene_paint(uint8_t *base, int width, int height)
{
	for (int x = 0; x < width; x++) {
		double u = (x + 0.5) / width;
		struct place place = { .u = u, .x = x, .ridges = ridges_at(u) };
		for (int y = 0; y < height; y++) {
			uint8_t *out = base + ((size_t)y * (size_t)width + (size_t)x) * 3;
			place.v = (y + 0.5) / height;
			place.y = y;
			struct colour c = colour_at(&place);
			out[0] = to_byte(c.r);
			out[1] = to_byte(c.g);
			out[2] = to_byte(c.b);
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
