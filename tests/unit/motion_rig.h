/* Pictures of luma made of arithmetic, and a detector that looks at them. */
#ifndef PASTCAM_TEST_MOTION_RIG_H
#define PASTCAM_TEST_MOTION_RIG_H

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "detect/motion.h"
#include "media/luma_grid.h"

enum { WIDTH = 128, HEIGHT = 96, CELLS = WIDTH * HEIGHT, BLOCK = 4 };

struct square {
	double x, y, side, level; /* level: of its left half; the right one is half as bright */
};

struct motion_rig {
	struct motion *motion;
	struct zones zones;
	int64_t now_ns;
	double interval_s;
	struct frame_info info; /* exposure, gain and night of the frames to come */
	double light;           /* of the scene, 1 at first */
	double noise;           /* deviation, in levels */
	double shift;           /* of what is in columns [0, shifted), in cells to the right; not negative */
	int shifted;
	double shadow; /* the column that the middle of a shadow's soft edge has come to; 0: none */
	uint32_t random;
	struct motion_event events[MOTION_EVENTS_MAX];
	size_t event_count;
	uint16_t luma[CELLS];
};

static inline struct motion_rig *motion_rig_with(const char *zones, const char *ignore, int min_frames, double hold_s,
                                                 double cooldown_s)
{
	static struct motion_rig rig;
	struct error error;
	memset(&rig, 0, sizeof rig);
	const struct zone_defaults defaults = { 50, 0.2 };
	assert_int_equal(zones_parse(&rig.zones, zones, ignore, &defaults, &error), 0);
	const struct motion_params params = { WIDTH, HEIGHT, BLOCK, min_frames, hold_s, cooldown_s };
	rig.motion = motion_create(&params, &rig.zones, &error);
	assert_non_null(rig.motion);
	rig.now_ns = 1000000000;
	rig.interval_s = 0.1;
	rig.light = 1;
	rig.noise = 0.5;
	rig.info = (struct frame_info){ .exposure_us = 10000, .gain = 1 };
	return &rig;
}

static inline struct motion_rig *motion_rig(void)
{
	return motion_rig_with("", "", 2, 1, 0);
}

static inline void motion_rig_end(struct motion_rig *rig)
{
	motion_destroy(rig->motion);
	rig->motion = NULL;
}

static inline double rig_uniform(struct motion_rig *rig)
{
	rig->random = rig->random * 1664525u + 1013904223u;
	return (rig->random >> 8) / 16777216.0;
}

/* A wall of bricks, so that there is texture; between 40 and 120 levels. */
static inline double rig_wall(int x, int y)
{
	const bool joint = y % 6 == 0 || (x + y / 6 % 2 * 5) % 10 == 0;
	return joint ? 40 : 70 + (x / 10 * 31 + y / 6 * 17) % 7 * 8;
}

/* The wall where nothing stands before it. */
static inline double rig_scene(const struct motion_rig *rig, int x, int y)
{
	if (x >= rig->shifted)
		return rig_wall(x, y);
	const double at = x - rig->shift + WIDTH;
	const int left = (int)at;
	return rig_wall(left, y) + (at - left) * (rig_wall(left + 1, y) - rig_wall(left, y));
}

enum { SHADOW_EDGE = 40 }; /* cells from light to dark */

static inline double rig_shadow(const struct motion_rig *rig, int x)
{
	const double through = fmin(fmax((rig->shadow - x) / SHADOW_EDGE + 0.5, 0), 1);
	return rig->shadow != 0 ? 1 - 0.5 * through * through * (3 - 2 * through) : 1;
}

static inline void rig_draw(struct motion_rig *rig, const struct square *square)
{
	for (int y = 0; y < HEIGHT; y++)
		for (int x = 0; x < WIDTH; x++) {
			double level = rig_scene(rig, x, y);
			if (square && x >= square->x && x < square->x + square->side && y >= square->y &&
			    y < square->y + square->side)
				level = x < square->x + square->side / 2 ? square->level : square->level / 2;
			/* A sum of three: deviation 1/2. */
			const double noise = rig_uniform(rig) + rig_uniform(rig) + rig_uniform(rig) - 1.5;
			level = level * rig->light * rig_shadow(rig, x) * rig->info.exposure_us / 10000 * rig->info.gain +
			        2 * rig->noise * noise;
			rig->luma[y * WIDTH + x] = (uint16_t)(fmin(fmax(level, 0), 255) * LUMA_GRID_LEVEL);
		}
}

static inline size_t rig_look(struct motion_rig *rig)
{
	rig->info.id++;
	rig->info.timestamp_ns = rig->now_ns;
	rig->event_count = motion_frame(rig->motion, rig->luma, &rig->info, rig->events);
	return rig->event_count;
}

/* One frame; returns the number of its events. */
static inline size_t rig_feed(struct motion_rig *rig, const struct square *square)
{
	rig->now_ns += (int64_t)(rig->interval_s * 1e9);
	rig_draw(rig, square);
	return rig_look(rig);
}

/* Frames of nothing but the wall; returns the number of events. */
static inline size_t rig_rest(struct motion_rig *rig, int frames)
{
	size_t events = 0;
	for (int i = 0; i < frames; i++)
		events += rig_feed(rig, NULL);
	return events;
}

/* A square that goes `step` cells with each frame; returns the frame, from 1, of the first event; 0: none. */
static inline int rig_walk(struct motion_rig *rig, struct square *square, double step, int frames)
{
	for (int i = 1; i <= frames; i++) {
		square->x += step;
		if (rig_feed(rig, square) > 0)
			return i;
	}
	return 0;
}

#endif
