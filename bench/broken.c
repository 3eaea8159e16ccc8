/* Pictures averaged to sizes that do not divide theirs, beside OpenCV's INTER_AREA on one thread. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "measure.h"
#include "media/ingest.h"
#include "opencv.h"
#include "set.h"

enum { ROUNDS = 40 };

static double processor_ms(void)
{
	struct timespec used;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return (double)used.tv_sec * 1e3 + (double)used.tv_nsec / 1e6;
}

static double shrink_ms(struct ingest *ingest_to, const struct image *image, struct frame *frame)
{
	const double begun_ms = processor_ms();
	ingest(ingest_to, image, frame);
	return processor_ms() - begun_ms;
}

static void row(const struct set *set, struct opencv *opencv, int width, int height)
{
	double times[ROUNDS], limits[ROUNDS];
	struct ingest *ingest_to = ingest_create(set->width, set->height, width, height);
	bool works = ingest_to;
	/* Twice, and the second counts: OpenCV's process was forked off, so that each page faults once more. */
	for (size_t turn = 0; turn < (size_t)2 * ROUNDS && works; turn++) {
		const size_t i = turn % ROUNDS;
		const struct image image = set_image_rgb(set, i);
		struct frame frame = { .pixels = set_slot(set, i), .width = width, .height = height };
		limits[i] = opencv_shrink(opencv, width, height);
		times[i] = shrink_ms(ingest_to, &image, &frame);
		works = limits[i] >= 0;
	}
	ingest_destroy(ingest_to);
	if (!works) {
		printf("no rows against INTER_AREA: it failed\n");
		return;
	}
	char what[48];
	snprintf(what, sizeof what, "ingest RGB, to %dx%d", width, height);
	const struct measured measured = { measure_median(times, ROUNDS), measure_median(limits, ROUNDS) };
	report_row(what, "OpenCV INTER_AREA", set->name, measured, 0.25);
}

void bench_broken(const struct set *set)
{
	static const int eighths[] = { 6, 5, 3 }; /* of the size, so that none divides it */
	char folder[] = "/dev/shm/pastcam-bench-XXXXXX";
	struct opencv opencv;
	if (!mkdtemp(folder))
		return;
	if (opencv_start(&opencv, folder, set->rgb[0], set->width, set->height)) {
		for (size_t i = 0; i < sizeof eighths / sizeof *eighths; i++)
			row(set, &opencv, set->width * eighths[i] / 8, set->height * eighths[i] / 8);
		row(set, &opencv, set->width / 2 + 1, set->height / 2 + 1);
		opencv_stop(&opencv);
	}
	rmdir(folder);
}
