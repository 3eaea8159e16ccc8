/* The still part of the scene, and the number's geometry. Only for scene*.c. */
#ifndef PASTCAM_CAMERA_SCENE_PAINT_H
#define PASTCAM_CAMERA_SCENE_PAINT_H

#include <stdbool.h>
#include <stdint.h>

#include "scene.h"

struct rgb {
	uint8_t r, g, b;
};

/* Base values stay within 0 … 255 - SCENE_NOISE, room for the noise that is added to them. */
enum { SCENE_NOISE = 4 };

/* Fills base, width * height * 3 bytes, so that its mean with the mean noise is SCENE_MEAN. */
void scene_paint(uint8_t *base, int width, int height);

enum { NUMBER_BITS = 32, NUMBER_DIGITS = 8, NUMBER_WHITE = 200, NUMBER_BLACK = 16 };
int number_block(int camera_width);
bool number_fits(int width, int height);
void number_draw(uint8_t *rgb, int width, uint32_t number);

#endif
