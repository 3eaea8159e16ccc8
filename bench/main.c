/* Every kernel and path against its limit, in one run. usage: bench [folder of photographs [file for JSON]] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "measure.h"
#include "retention.h"
#include "scene.h"
#include "set.h"

/* Where the system does not say how large its caches are, they are small. */
enum { ARENA_LEAST = 256 * 1024 * 1024, ARENA_CACHES = 3 };

static size_t arena_bytes(void)
{
	const long cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
	const size_t wanted = cache > 0 ? (size_t)cache * ARENA_CACHES : 0;
	const size_t half = (size_t)sysconf(_SC_AVPHYS_PAGES) / 2 * (size_t)sysconf(_SC_PAGESIZE);
	const size_t least = wanted > ARENA_LEAST ? wanted : ARENA_LEAST;
	return least < half ? least : half;
}

struct image set_image_rgb(const struct set *set, size_t turn)
{
	return (struct image){ .format = PIXEL_RGB,
		                   .width = set->width,
		                   .height = set->height,
		                   .plane = { set->rgb[turn % BUFFERS] },
		                   .stride = { FRAME_CHANNELS * (size_t)set->width } };
}

struct image set_image_nv12(const struct set *set, size_t turn)
{
	const uint8_t *luma = set->nv12[turn % BUFFERS];
	const size_t width = (size_t)set->width;
	return (struct image){ .format = PIXEL_NV12,
		                   .width = set->width,
		                   .height = set->height,
		                   .plane = { luma, luma + width * (size_t)set->height },
		                   .stride = { width, width } };
}

static struct set set_create(const struct scene *scene, int width, int height)
{
	struct set set = { .width = width, .height = height, .bytes = frame_bytes(width, height) };
	snprintf(set.name, sizeof set.name, "%dx%d", width, height);
	for (int i = 0; i < BUFFERS; i++) {
		set.rgb[i] = scene_allocate(set.bytes);
		set.nv12[i] = scene_allocate(set.bytes / 2);
		scene_render(scene, width, height, (uint32_t)i, set.rgb[i]);
		scene_to_nv12(set.rgb[i], width, height, set.nv12[i]);
	}
	set.slots = arena_bytes() / set.bytes;
	set.arena = scene_allocate(set.slots * set.bytes);
	for (size_t i = 0; i < set.slots; i++)
		memcpy(set_slot(&set, i), set.rgb[i % BUFFERS], set.bytes);
	printf("%s: arena of %zu frames, %zu MiB\n", set.name, set.slots, set.slots * set.bytes >> 20);
	return set;
}

static void set_free(struct set *set)
{
	for (int i = 0; i < BUFFERS; i++) {
		free(set->rgb[i]);
		free(set->nv12[i]);
	}
	free(set->arena);
}

int main(int argc, char **argv)
{
	static const int sizes[][2] = { { 1024, 768 }, { 1920, 1080 } };
	struct scene scene = scene_load(argc > 1 ? argv[1] : "../shared/data/photos");
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct set set = set_create(&scene, sizes[i][0], sizes[i][1]);
		report_header();
		bench_stacks(&set); /* first, while every slot holds its own noise */
		bench_ingest(&set);
		bench_broken(&set);
		bench_encoders(&set);
		bench_video_encoders(&set);
		bench_sealed(&set);
		bench_video(&set);
		if (i == 0)
			bench_past(&set);
		set_free(&set);
	}
	scene_free(&scene);
	bench_growth();
	report_header();
	bench_events();
	bench_mux();
	bench_retention();
	printf("\n%zu rows over their target\n", report_over());
	return argc > 2 && report_write(argv[2]) ? 1 : 0;
}
