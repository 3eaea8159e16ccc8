/*
 * The synthetic camera's scene: a house in a meadow, hills and clouds, a road with cars, a balloon, a board with colour
 * patches, and the frame's number burnt in. Pure: no I/O, no clock.
 *
 * Every frame shows its number twice, top left, over whatever light: as readable digits, and as two rows of square
 * blocks. With camera width W, a block is b = 4 * ceil(W / 512) pixels:
 *
 *   row 0   x = 2b + i*b, y = 2b   for i = 0 … 31: bit 31-i of the number, white (200) for 1, black (16) for 0
 *   row 1   the same at y = 3b, inverted
 *   digits  the number's last eight, from x = 2b, y = 5b
 *
 * A block is read by comparing its mean with its inverse below, so it survives JPEG, night and an area average of the
 * whole frame (positions shrink with it; by 4, blocks still fall on whole pixels). Frames narrower than 144 or lower
 * than 64 pixels carry no number. It leaves the mean of a well exposed frame within 1.5, and adds
 * 1 to 2.5 to that of a black one.
 */
#ifndef PASTCAM_CAMERA_SCENE_H
#define PASTCAM_CAMERA_SCENE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	SCENE_MEAN = 110,  /* of the base picture, which is shown unchanged when this is asked for */
	SCENE_SPRITES = 3, /* things that move */
};

struct scene;

struct scene_rect {
	int x, y, width, height;
};

/* A picture that the scene is drawn into again and again; remembers what it holds, so that only what moves is redrawn
 * while the light stays. */
struct scene_canvas {
	uint8_t *rgb;  /* the caller's, width * height * 3 bytes */
	unsigned seed; /* of the noise: give each canvas its own */
	bool still;    /* nothing that moves is drawn, nor the number */
	/* private to scene.c: */
	int brightness;
	bool drawn;
	struct scene_rect marks[SCENE_SPRITES]; /* where the moving things were drawn */
};

/* Takes the memory of a picture, and touches it. NULL when memory is out. Prepare it once, before all else; that takes
 * about 50 ns a pixel and no memory. */
struct scene *scene_create(int width, int height);
void scene_prepare(struct scene *scene);
void scene_destroy(struct scene *scene);

/* Draws the scene with this mean before clipping at 255 (kept within 1 %) and the number. */
void scene_draw(const struct scene *scene, struct scene_canvas *canvas, double mean, uint32_t number);

/* The board's patches: 0 red, 1 green, 2 blue, 3 white, 4 grey, 5 black. The first three are pure: their other
 * channels are nearly zero. Each spans 5 % of the width and 8 % of the height: from x = (66 + 5 index) %, y = 87 %. */
enum { SCENE_PATCHES = 6 };
struct scene_rect scene_patch(int width, int height, int index);

/* Reads the number from a picture of the scene, R,G,B, width x height, that was camera_width wide when it was taken.
 * False when there is no readable number in it. */
bool scene_read_number(const uint8_t *rgb, int width, int height, int camera_width, uint32_t *number);

#endif
