/* The replay camera on folders of pictures that the test makes. */
#ifndef PASTCAM_TEST_REPLAY_RIG_H
#define PASTCAM_TEST_REPLAY_RIG_H

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#undef stop /* a macro of cmocka 2 */
#include <png.h>

#include "base/clock.h"
#include "camera/camera_backend.h"

static const struct camera_backend *const replay = &camera_backend_replay;
static char folder[256];

/* Bad pictures on the way: how many were told of, and what was said of the last. */
static int told;
static struct error last_told;

static inline int set_up(void **state)
{
	const char *temporary = getenv("TMPDIR");

	(void)state;
	told = 0;
	snprintf(folder, sizeof folder, "%s/pastcam-replay-XXXXXX", temporary ? temporary : "/tmp");
	return mkdtemp(folder) ? 0 : -1;
}

static inline int tear_down(void **state)
{
	char command[300];

	(void)state;
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	return system(command);
}

static inline const char *path_of(const char *name)
{
	static char path[512];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

/* A picture of one colour: red says which picture it is. */
static inline void write_picture(const char *name, int width, int height, uint8_t red)
{
	png_image image = { .version = PNG_IMAGE_VERSION,
		                .width = (png_uint_32)width,
		                .height = (png_uint_32)height,
		                .format = PNG_FORMAT_RGB };
	uint8_t *rgb = calloc((size_t)width * (size_t)height, 3);

	assert_non_null(rgb);
	for (size_t i = 0; i < (size_t)width * (size_t)height; i++)
		rgb[3 * i] = red;
	assert_int_equal(png_image_write_to_file(&image, path_of(name), 0, rgb, 0, NULL), 1);
	free(rgb);
}

static inline void write_text(const char *name, const char *text)
{
	FILE *file = fopen(path_of(name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static inline struct camera_params params_of(double framerate)
{
	return (struct camera_params){
		.backend = CAMERA_REPLAY, .width = 32, .height = 24, .framerate = framerate, .replay_path = folder
	};
}

static const struct camera_mode video = { .still = false };

static inline void *open_and_start(const struct camera_params *params)
{
	struct camera_description description;
	struct error error = { 0 };
	void *camera = NULL;

	assert_int_equal(replay->open(params, &camera, &description, &error), 0);
	assert_int_equal(description.width, params->width);
	assert_int_equal(description.height, params->height);
	assert_int_equal(replay->start(camera, &video, &error), 0);
	return camera;
}

static inline void wait_readable(void *camera)
{
	struct pollfd wait = { .fd = replay->fd(camera), .events = POLLIN };

	assert_int_equal(poll(&wait, 1, 60000), 1);
}

/* The first answer that is not NOTHING, as the supervisor asks for it: at once after a bad picture. */
static inline int next_answer(void *camera, struct camera_frame *frame, struct error *error)
{
	for (int rc = CAMERA_ACQUIRED_NOTHING;;) {
		*error = (struct error){ 0 };
		if (rc == CAMERA_ACQUIRED_NOTHING)
			wait_readable(camera);
		rc = replay->acquire(camera, frame, error);
		if (rc == CAMERA_ACQUIRED_FRAME || rc < 0)
			return rc;
		if (error->text[0]) {
			told++;
			last_told = *error;
		}
	}
}

static inline struct camera_frame next_frame(void *camera)
{
	struct camera_frame frame;
	struct error error;

	assert_int_equal(next_answer(camera, &frame, &error), CAMERA_ACQUIRED_FRAME);
	return frame;
}

static inline int next_red(void *camera)
{
	struct camera_frame frame = next_frame(camera);
	int red = frame.image.plane[0][0];

	assert_int_equal(frame.image.format, PIXEL_RGB);
	assert_int_equal(frame.image.width, 32);
	assert_int_equal(frame.image.height, 24);
	replay->release(camera, &frame);
	return red;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
