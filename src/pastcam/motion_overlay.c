#include "motion_overlay.h"

#include <math.h>
#include <stdlib.h>

struct canvas {
	uint8_t *rgb;
	int width, height;
};

struct colour {
	uint8_t r, g, b;
};

static void dot(const struct canvas *canvas, int x, int y, struct colour colour)
{
	if (x < 0 || y < 0 || x >= canvas->width || y >= canvas->height)
		return;
	uint8_t *pixel = canvas->rgb + ((size_t)y * (size_t)canvas->width + (size_t)x) * 3;
	pixel[0] = colour.r;
	pixel[1] = colour.g;
	pixel[2] = colour.b;
}

static void line(const struct canvas *canvas, double x0, double y0, double x1, double y1, struct colour colour)
{
	const int steps = (int)fmax(fabs(x1 - x0), fabs(y1 - y0)) + 1;
	for (int i = 0; i <= steps; i++) {
		const int x = (int)(x0 + (x1 - x0) * i / steps), y = (int)(y0 + (y1 - y0) * i / steps);
		dot(canvas, x, y, colour);
		dot(canvas, x + 1, y, colour);
		dot(canvas, x, y + 1, colour);
	}
}

static void outline(const struct canvas *canvas, const struct zone_polygon *polygon, struct colour colour)
{
	const double right = canvas->width - 2, bottom = canvas->height - 2;
	for (int i = 0, j = polygon->count - 1; i < polygon->count; j = i++)
		line(canvas, polygon->x[j] * right, polygon->y[j] * bottom, polygon->x[i] * right, polygon->y[i] * bottom,
		     colour);
}

static void draw_box(const struct canvas *canvas, const int box[4], struct colour colour)
{
	const int left = box[0], top = box[1], right = left + box[2] - 2, bottom = top + box[3] - 2;
	line(canvas, left, top, right, top, colour);
	line(canvas, right, top, right, bottom, colour);
	line(canvas, right, bottom, left, bottom, colour);
	line(canvas, left, bottom, left, top, colour);
}

static void tint(const struct canvas *canvas, const struct motion_params *params, const uint8_t *mask)
{
	for (int y = 0; y < params->height * params->block; y++)
		for (int x = 0; x < params->width * params->block; x++) {
			if (!mask[y / params->block * params->width + x / params->block])
				continue;
			uint8_t *pixel = canvas->rgb + ((size_t)y * (size_t)canvas->width + (size_t)x) * 3;
			pixel[0] = (uint8_t)(128 + pixel[0] / 2);
		}
}

void motion_overlay_draw(uint8_t *rgb, int width, int height, const struct motion_setup *setup,
                         const struct motion *motion)
{
	static const struct colour RED = { 255, 40, 40 }, YELLOW = { 250, 220, 60 }, GREEN = { 60, 230, 90 },
	                           GREY = { 130, 130, 130 };
	const struct canvas canvas = { rgb, width, height };
	tint(&canvas, &setup->params, motion_mask(motion));
	for (int i = 0; i < setup->zones.ignored; i++)
		outline(&canvas, &setup->zones.ignore[i], GREY);
	for (int i = 0; i < setup->zones.count; i++) {
		struct motion_zone zone;
		motion_zone(motion, i, &zone);
		outline(&canvas, &setup->zones.zone[i].polygon, zone.moving ? GREEN : YELLOW);
		if (zone.box[2] > 0)
			draw_box(&canvas, zone.box, RED);
	}
}
