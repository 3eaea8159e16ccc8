#include "scene.h"

#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <turbojpeg.h>

enum { TEXTURE_WIDTH = 1280, TEXTURE_HEIGHT = 960, PATH_BYTES = 512 };

void *scene_allocate(size_t bytes)
{
	void *memory = malloc(bytes);
	if (!memory) {
		fprintf(stderr, "bench: no memory for %zu bytes\n", bytes);
		exit(1);
	}
	return memory;
}

static uint32_t random_next(uint32_t *state)
{
	*state = *state * 1664525U + 1013904223U;
	return *state >> 8;
}

static struct scene texture(void)
{
	struct scene scene = { scene_allocate((size_t)TEXTURE_WIDTH * TEXTURE_HEIGHT * 3), TEXTURE_WIDTH, TEXTURE_HEIGHT };
	uint8_t *byte = scene.rgb;
	for (int y = 0; y < TEXTURE_HEIGHT; y++)
		for (int x = 0; x < TEXTURE_WIDTH; x++)
			for (int channel = 0; channel < 3; channel++) {
				const double wide = sin(x * 0.011 + channel) + cos(y * 0.017 - channel);
				const double fine = sin(x * 0.31 + y * 0.07) * cos(y * 0.23 - x * 0.05);
				*byte++ = (uint8_t)(128 + 40 * wide + 20 * fine);
			}
	return scene;
}

static int decode(const char *path, struct scene *scene)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		return -1;
	fseek(file, 0, SEEK_END);
	const long length = ftell(file);
	rewind(file);
	uint8_t *jpeg = scene_allocate((size_t)length);
	const size_t got = fread(jpeg, 1, (size_t)length, file);
	fclose(file);
	tjhandle decoder = tjInitDecompress();
	int result = tjDecompressHeader(decoder, jpeg, (unsigned long)got, &scene->width, &scene->height);
	if (result == 0) {
		scene->rgb = scene_allocate((size_t)scene->width * (size_t)scene->height * 3);
		result =
		    tjDecompress2(decoder, jpeg, (unsigned long)got, scene->rgb, scene->width, 0, scene->height, TJPF_RGB, 0);
	}
	tjDestroy(decoder);
	free(jpeg);
	return result;
}

struct scene scene_load(const char *folder)
{
	char pattern[PATH_BYTES];
	snprintf(pattern, sizeof pattern, "%s/*.jpg", folder);
	glob_t found;
	struct scene scene = { 0 };
	const int missing = glob(pattern, 0, NULL, &found) || decode(found.gl_pathv[0], &scene);
	if (missing) {
		free(scene.rgb);
		scene = texture();
	}
	printf("frames: %s, %dx%d, scaled, with noise\n", missing ? "a generated texture" : found.gl_pathv[0], scene.width,
	       scene.height);
	globfree(&found);
	return scene;
}

void scene_free(struct scene *scene)
{
	free(scene->rgb);
	scene->rgb = NULL;
}

static double between(double a, double b, double share)
{
	return a + (b - a) * share;
}

/* A sum of two: triangular, about two levels wide, as a sensor's noise in daylight. */
static double noise(uint32_t *state)
{
	return (random_next(state) % 1000 + random_next(state) % 1000) * 0.004 - 4;
}

void scene_render(const struct scene *scene, int width, int height, uint32_t seed, uint8_t *rgb)
{
	const double step = fmin((double)(scene->width - 1) / width, (double)(scene->height - 1) / height);
	uint32_t state = seed;
	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++) {
			const int left = (int)(x * step), top = (int)(y * step);
			const uint8_t *upper = scene->rgb + 3 * ((size_t)top * (size_t)scene->width + (size_t)left);
			const uint8_t *lower = upper + 3 * (size_t)scene->width;
			for (int i = 0; i < 3; i++) {
				const double above = between(upper[i], upper[i + 3], x * step - left);
				const double below = between(lower[i], lower[i + 3], x * step - left);
				const double light = between(above, below, y * step - top) + noise(&state) + 0.5;
				*rgb++ = (uint8_t)fmax(0, fmin(255, light));
			}
		}
}

void scene_to_nv12(const uint8_t *rgb, int width, int height, uint8_t *nv12)
{
	uint8_t *chroma = nv12 + (size_t)width * (size_t)height;
	for (int y = 0; y < height; y++)
		for (int x = 0; x < width; x++, rgb += 3) {
			const double light = 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
			*nv12++ = (uint8_t)(16.5 + light * 219 / 255);
			if (x % 2 || y % 2)
				continue;
			*chroma++ = (uint8_t)(128.5 + (rgb[2] - light) / 1.772 * 224 / 255);
			*chroma++ = (uint8_t)(128.5 + (rgb[0] - light) / 1.402 * 224 / 255);
		}
}
