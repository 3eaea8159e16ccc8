/*
 * Switches, restarts and reopenings on libcamera's virtual camera: nothing may grow. Run by
 * tests/integration/virtual_camera.py, which sets the camera up.   usage: virtual_switches WIDTH HEIGHT
 */
#include <dirent.h>
#include <limits.h>
#include <malloc.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#undef stop /* a macro of cmocka 2 */

#include "base/clock.h"
#include "camera/camera.h"
#include "camera/camera_backend.h"

enum { SWITCHES = 1000, RESTARTS = 10, REOPENINGS = 30, WARM_UP = 100, RSS_SLACK_KIB = 512 };

static struct camera_params params = {
	.backend = CAMERA_LIBCAMERA, .id = "", .framerate = 10000, .capture_timeout_s = 30, .lost_after_s = 600
};
static const struct camera_mode video = { .still = false };
static const struct camera_mode night = { .still = true, .exposure_us = 2000000, .gain = 8 };

struct usage {
	long rss_kib, descriptors, threads;
};

static long count_entries(const char *path)
{
	DIR *folder = opendir(path);
	long count = 0;

	assert_non_null(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

static struct usage usage_now(void)
{
	struct usage usage = { 0 };
	char line[256];
	FILE *file = fopen("/proc/self/status", "r");

	assert_non_null(file);
	while (fgets(line, sizeof line, file))
		(void)!sscanf(line, "VmRSS: %ld", &usage.rss_kib);
	fclose(file);
	usage.descriptors = count_entries("/proc/self/fd");
	usage.threads = count_entries("/proc/self/task");
	return usage;
}

static void expect_unchanged(const char *what, struct usage before, struct usage after)
{
	printf("%s: RSS %ld -> %ld KiB, descriptors %ld -> %ld, threads %ld -> %ld\n", what, before.rss_kib, after.rss_kib,
	       before.descriptors, after.descriptors, before.threads, after.threads);
	assert_int_equal(after.descriptors, before.descriptors);
	assert_int_equal(after.threads, before.threads);
	assert_true(after.rss_kib <= before.rss_kib + RSS_SLACK_KIB);
}

static struct camera *make_camera(void)
{
	struct error error = { 0 };
	struct camera *camera = camera_create(&params, &video, &error);

	if (!camera)
		fail_msg("%s", error.text);
	return camera;
}

static void next_frame(struct camera *camera)
{
	struct camera_frame frame;
	enum camera_event event;

	while ((event = camera_poll(camera, &frame)) == CAMERA_NOTHING) {
		struct pollfd wait = { .fd = camera_fd(camera), .events = POLLIN };
		assert_int_equal(poll(&wait, 1, 60000), 1);
	}
	assert_int_equal(event, CAMERA_FRAME);
	assert_int_equal(frame.image.width, params.width);
	assert_int_equal(frame.image.height, params.height);
	camera_release(camera, &frame);
}

static void test_frames_come_as_fast_as_they_are_asked_for(void **state)
{
	enum { FRAMES = 2000 };
	struct camera *camera = make_camera();
	struct camera_status status;

	(void)state;
	int64_t start_ns = clock_now_ns();
	for (int i = 0; i < FRAMES; i++)
		next_frame(camera);
	double seconds = (double)(clock_now_ns() - start_ns) / (double)CLOCK_NS_PER_S;
	camera_status(camera, &status);
	printf("unpaced: %.0f frames a second of %dx%d %s\n", FRAMES / seconds, status.description.width,
	       status.description.height, status.description.format);
	assert_int_equal(status.lost, 0);
	camera_destroy(camera);
}

static void test_a_thousand_switches(void **state)
{
	struct camera *camera = make_camera();
	struct camera_status status;
	struct usage before = { 0 };
	char note[256];

	(void)state;
	for (int i = 0; i < SWITCHES + WARM_UP; i++) {
		if (i == WARM_UP)
			before = usage_now();
		assert_int_equal(camera_set_mode(camera, i % 2 ? &video : &night, note), 0);
		next_frame(camera);
	}
	expect_unchanged("1000 switches", before, usage_now());
	camera_status(camera, &status);
	assert_int_equal(status.restarts + status.reopens + status.stalls + status.lost, 0);
	camera_destroy(camera);
}

static void next_frame_of(const struct camera_backend *backend, void *open)
{
	struct camera_frame frame;
	struct error error = { 0 };
	int rc;

	while ((rc = backend->acquire(open, &frame, &error)) == 0) {
		struct pollfd wait = { .fd = backend->fd(open), .events = POLLIN };
		assert_int_equal(poll(&wait, 1, 60000), 1);
	}
	if (rc < 0)
		fail_msg("%s", error.text);
	backend->release(open, &frame);
}

static void reopen_and_restart(void)
{
	const struct camera_backend *backend = camera_backend_libcamera;
	struct camera_description description;
	struct error error = { 0 };
	void *open = NULL;

	assert_int_equal(backend->open(&params, &open, &description, &error), 0);
	for (int restart = 0; restart < RESTARTS; restart++) {
		assert_int_equal(backend->start(open, restart % 2 ? &video : &night, &error), 0);
		next_frame_of(backend, open);
		next_frame_of(backend, open);
		backend->stop(open);
	}
	backend->close(open);
}

static struct usage most_of_reopenings(void)
{
	struct usage most = { 0 };

	for (int reopening = 0; reopening < REOPENINGS; reopening++) {
		reopen_and_restart();
		struct usage now = usage_now();
		if (now.rss_kib < most.rss_kib)
			now.rss_kib = most.rss_kib;
		most = now;
	}
	return most;
}

/* malloc keeps two or three megabytes more from some reopening on, sooner or later, and then no more; a leak takes more
 * in each spell. So the spell that took least is the one that counts. */
static void test_restarts_and_reopenings(void **state)
{
	enum { SPELLS = 5 };
	struct usage before = most_of_reopenings(), least_before = before, least_after = before;
	long least = LONG_MAX;

	(void)state;
	for (int spell = 0; spell < SPELLS; spell++) {
		struct usage after = most_of_reopenings();
		if (after.rss_kib - before.rss_kib < least) {
			least = after.rss_kib - before.rss_kib;
			least_before = before;
			least_after = after;
		}
		before = after;
	}
	expect_unchanged("30 reopenings with 10 restarts each", least_before, least_after);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_come_as_fast_as_they_are_asked_for),
		cmocka_unit_test(test_a_thousand_switches),
		cmocka_unit_test(test_restarts_and_reopenings),
	};

	if (argc != 3)
		return 2;
	/* As the daemon does: else threads that get into each other's way make malloc keep more, now and then. */
	mallopt(M_MMAP_THRESHOLD, 128 * 1024);
	mallopt(M_TRIM_THRESHOLD, 128 * 1024);
	mallopt(M_ARENA_MAX, 2);
	params.width = atoi(argv[1]);
	params.height = atoi(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
