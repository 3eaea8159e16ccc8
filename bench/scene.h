/* Frames like those of a real camera: a photograph, seen through a little noise. */
#ifndef PASTCAM_BENCH_SCENE_H
#define PASTCAM_BENCH_SCENE_H

#include <stddef.h>
#include <stdint.h>

struct scene {
	uint8_t *rgb;
	int width, height;
};

/* The first JPEG of folder; where there is none, a generated texture. Ends the program when memory is out. */
struct scene scene_load(const char *folder);
void scene_free(struct scene *scene);

/* The scene scaled to fill width x height, with noise of its own for each seed. */
void scene_render(const struct scene *scene, int width, int height, uint32_t seed, uint8_t *rgb);

/* The same picture in NV12, BT.601 limited range: height rows of Y, then half as many of U,V; no padding. */
void scene_to_nv12(const uint8_t *rgb, int width, int height, uint8_t *nv12);

/* Memory, or the end of the program. */
void *scene_allocate(size_t bytes);

#endif
