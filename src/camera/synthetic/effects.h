/*
 * camera.synthetic.effects: what makes a scene hard to find motion in, on request, and the one thing that is to be
 * found in it. Pure; times are seconds on the plan's clock.
 *
 *   plan   = effect {"," effect}
 *   effect = kind ["=" value] ["@" start ["+" length] ["/" period]]      decimal numbers, seconds
 *
 * kind        value [default]                    what it does while it is on
 * still                                          nothing of its own that moves: no cars, no balloon, no number
 * noise       times a sensor's [1]               shot and read noise that grow with the gain
 * blur        pixels [2]                         a soft lens: the mean of so many to each side
 * cloud       share of the light taken [0.5]     a shadow with soft edges that drifts across within its length
 * dim         share of the light taken [0.5]     the whole picture, down and up again within its length
 * lamp        stops [2]                          a lamp, strongest at one place, seen everywhere
 * headlights  stops [2]                          a pool of light that crosses the ground within its length
 * rain        streaks in a frame [200]
 * sway        pixels [6]                         the tree's crown, in gusts
 * walker      percent of the picture [0.5]       a person who walks across it within its length
 *
 * Without a start an effect is always on. Without a length those that cross take 10 s, the others stay.
 * With a period it comes again every so many seconds: "walker=0.5@5+8/30".
 */
#ifndef PASTCAM_CAMERA_EFFECTS_H
#define PASTCAM_CAMERA_EFFECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "scene.h"

enum effect_kind {
	EFFECT_STILL,
	EFFECT_NOISE,
	EFFECT_BLUR,
	EFFECT_CLOUD,
	EFFECT_DIM,
	EFFECT_LAMP,
	EFFECT_HEADLIGHTS,
	EFFECT_RAIN,
	EFFECT_SWAY,
	EFFECT_WALKER,
	EFFECT_KINDS
};

enum { EFFECTS_MAX = 32 };

struct effect {
	enum effect_kind kind;
	double value;
	double start_s, length_s, period_s; /* length 0: for good; period 0: once */
};

struct effect_plan {
	struct effect effects[EFFECTS_MAX];
	int count;
};

/* "" is an empty plan. -EINVAL names the effect that does not parse. */
int effects_parse(const char *text, struct effect_plan *plan, struct error *error);

/* Whether one of this kind is on, and how far it is through its length (0 to 1; 0 where it has none). */
const struct effect *effects_active(const struct effect_plan *plan, enum effect_kind kind, double at_s,
                                    double *through);

/* The truth: where the walker is, cut at the picture's edges. False where no part of one is in it. */
bool effects_walker(const struct effect_plan *plan, int width, int height, double at_s, struct scene_rect *rect);

/* The deviation of a sensor's noise, in levels, where the picture has that value. */
double effects_noise(double value, double gain);

struct effect_painter; /* memory for pictures of one size */

struct effect_painter *effect_painter_create(int width, int height); /* NULL when memory is out */
void effect_painter_destroy(struct effect_painter *painter);

/* The least of what the light is multiplied with in any part of the picture: the scene is to be drawn in so much less
 * or more, since what it clips is gone; effects_paint of the same time adds the rest. */
double effects_light(struct effect_painter *painter, const struct effect_plan *plan, double at_s);

/* Draws what is on into a picture of the scene. light: that the scene was drawn in, 1 where it is as painted. seed: of
 * the frame; the same gives the same. */
void effects_paint(struct effect_painter *painter, const struct effect_plan *plan, double at_s, double light,
                   double gain, uint32_t seed, uint8_t *rgb);

#endif
