/* The synthetic camera through its vtable, on real time but without a word about how long anything took: frames are
 * awaited, at most for ten seconds. */
#include <errno.h>
#include <math.h>
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

#include "camera_backend.h"
#include "clock.h"
#include "light.h"
#include "luma.h"
#include "scene.h"

enum { WIDTH = 160, HEIGHT = 120 };

static const struct camera_backend *const BACKEND = &camera_backend_synthetic;
static const struct camera_mode VIDEO = { .still = false };

struct rig {
	struct camera_params params;
	struct camera_description description;
	void *state;
};

static int rig_open(struct rig *rig, const char *faults)
{
	if (rig->params.framerate <= 0)
		rig->params.framerate = 200;
	rig->params.backend = CAMERA_SYNTHETIC;
	rig->params.width = WIDTH;
	rig->params.height = HEIGHT;
	rig->params.faults = faults;
	struct error error;
	return BACKEND->open(&rig->params, &rig->state, &rig->description, &error);
}

static void rig_start(struct rig *rig, const char *faults, struct camera_mode mode)
{
	assert_int_equal(rig_open(rig, faults), 0);
	assert_int_equal(BACKEND->start(rig->state, &mode, NULL), 0);
}

static void rig_end(struct rig *rig)
{
	BACKEND->stop(rig->state);
	BACKEND->close(rig->state);
	rig->state = NULL;
}

/* 1, -errno, or 0 when a thousand times there was nothing. */
static int await(struct rig *rig, struct camera_frame *frame)
{
	int result = 0;
	for (int i = 0; result == 0 && i < 1000; i++) {
		struct pollfd waiting = { .fd = BACKEND->fd(rig->state), .events = POLLIN };
		assert_int_equal(poll(&waiting, 1, 10000), 1);
		struct error error;
		result = BACKEND->acquire(rig->state, frame, &error);
	}
	return result;
}

/* Takes frames until something else comes, and returns that. */
static int await_trouble(struct rig *rig)
{
	struct camera_frame frame;
	int result;
	while ((result = await(rig, &frame)) == 1)
		BACKEND->release(rig->state, &frame);
	return result;
}

/* The faults of these tests come again and again, so that a slow machine misses none; one that comes back at once is
 * healed once more. */
static void restart_until_a_frame_comes(struct rig *rig)
{
	struct camera_frame frame;
	do {
		BACKEND->stop(rig->state);
		assert_int_equal(BACKEND->start(rig->state, &VIDEO, NULL), 0);
	} while (await(rig, &frame) != 1);
	BACKEND->release(rig->state, &frame);
}

static double frame_mean(const struct camera_frame *frame)
{
	return luma_mean(frame->image.plane[0], frame_bytes(frame->image.width, frame->image.height));
}

static uint32_t burnt_in(const struct camera_frame *frame)
{
	uint32_t number;
	assert_true(scene_read_number(frame->image.plane[0], frame->image.width, frame->image.height, WIDTH, &number));
	return number;
}

static void frames_carry_their_number_and_rise(void **state)
{
	(void)state;
	struct rig rig = { .params = { .lux = 400 } };
	rig_start(&rig, "", VIDEO);
	assert_string_equal(rig.description.format, "RGB");
	int64_t last_ns = 0;
	uint64_t last = 0;
	for (int i = 0; i < 20; i++) {
		struct camera_frame frame;
		assert_int_equal(await(&rig, &frame), 1);
		assert_int_equal(burnt_in(&frame), (uint32_t)frame.sequence);
		assert_true(i == 0 || frame.sequence > last);
		assert_true(frame.timestamp_ns > last_ns);
		assert_true(frame.timestamp_ns <= clock_now_ns());
		last = frame.sequence;
		last_ns = frame.timestamp_ns;
		BACKEND->release(rig.state, &frame);
	}
	rig_end(&rig);
}

/* At 200 frames a second the longest automatic exposure is 5 ms: 20 lux reach 20 at gain 8, 2000 lux the aim. */
static void automatic_exposure_is_that_of_the_model(void **state)
{
	(void)state;
	const double lights[] = { 20, 2000 };
	for (int i = 0; i < 2; i++) {
		struct rig rig = { .params = { .lux = lights[i] } };
		rig_start(&rig, "", VIDEO);
		struct camera_frame frame;
		for (int n = 0; n < 5; n++) {
			assert_int_equal(await(&rig, &frame), 1);
			double wanted = i == 0 ? 20 : LIGHT_AUTO_MEAN;
			assert_true(fabs(light_mean(lights[i], frame.exposure_us, frame.gain) - wanted) < 0.5);
			/* 160 x 120 pixels leave less room beside the number. */
			assert_true(fabs(frame_mean(&frame) - wanted) < 8);
			BACKEND->release(rig.state, &frame);
		}
		rig_end(&rig);
	}
}

static void await_exposure(struct rig *rig, double exposure_us, struct camera_frame *frame)
{
	for (int n = 0; n < 4; n++) {
		assert_int_equal(await(rig, frame), 1);
		if (fabs(frame->exposure_us - exposure_us) < 1e-6)
			return;
		BACKEND->release(rig->state, frame);
	}
	fail_msg("the exposure asked for never came");
}

static void a_mode_is_taken_without_stopping(void **state)
{
	(void)state;
	struct rig rig = { .params = { .lux = 10 } };
	struct camera_mode still = { .still = true, .exposure_us = 20000, .gain = 6 };
	rig_start(&rig, "", still);
	struct camera_frame frame;
	assert_int_equal(await(&rig, &frame), 1);
	assert_true(fabs(frame.exposure_us - 20000) < 1e-6 && fabs(frame.gain - 6) < 1e-6);
	assert_true(fabs(frame_mean(&frame) - light_mean(10, 20000, 6)) < 8);
	BACKEND->release(rig.state, &frame);

	char note[256] = "x";
	still.exposure_us = 40000;
	assert_int_equal(BACKEND->set_mode(rig.state, &still, note), 0);
	assert_string_equal(note, "");
	await_exposure(&rig, 40000, &frame);
	BACKEND->release(rig.state, &frame);

	assert_int_equal(BACKEND->set_mode(rig.state, &VIDEO, note), 0);
	await_exposure(&rig, 5000, &frame);
	BACKEND->release(rig.state, &frame);
	rig_end(&rig);
}

static void what_it_cannot_expose_is_clamped_and_told(void **state)
{
	(void)state;
	struct rig rig = { .params = { .lux = 10 } };
	rig_start(&rig, "", VIDEO);
	char note[256] = "";
	struct camera_mode mode = { .still = true, .exposure_us = 1, .gain = 100 };
	assert_int_equal(BACKEND->set_mode(rig.state, &mode, note), 0);
	assert_non_null(strstr(note, "gain 16 taken"));
	struct camera_frame frame;
	await_exposure(&rig, LIGHT_EXPOSURE_MIN_US, &frame);
	assert_true(fabs(frame.gain - LIGHT_GAIN_MAX) < 1e-9);
	BACKEND->release(rig.state, &frame);
	rig_end(&rig);
}

static void lost_frames_show_in_the_sequence(void **state)
{
	(void)state;
	struct rig rig = { .params = { .lux = 400 } };
	rig_start(&rig, "", VIDEO);
	struct camera_frame frame;
	assert_int_equal(await(&rig, &frame), 1);
	uint64_t first = frame.sequence;
	BACKEND->release(rig.state, &frame);
	usleep(100000);
	assert_int_equal(await(&rig, &frame), 1);
	/* 20 frames were due, of which three still wait; how late this machine woke us is not the camera's doing. */
	assert_true(frame.sequence >= first + 17);
	BACKEND->release(rig.state, &frame);
	rig_end(&rig);
}

static void frames_on_loan_are_left_alone(void **state)
{
	(void)state;
	struct rig rig = { .params = { .lux = 400 } };
	rig_start(&rig, "", VIDEO);
	struct camera_frame held, frame;
	assert_int_equal(await(&rig, &held), 1);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(await(&rig, &frame), 1);
		assert_ptr_not_equal(frame.image.plane[0], held.image.plane[0]);
		BACKEND->release(rig.state, &frame);
	}
	assert_int_equal(burnt_in(&held), (uint32_t)held.sequence);
	BACKEND->release(rig.state, &held);
	rig_end(&rig);
}

static void a_stall_lasts_until_the_restart(void **state)
{
	(void)state;
	struct rig rig = { .params = { .lux = 400 } };
	rig_start(&rig, "stall@0.05/0.5", VIDEO);
	assert_int_equal(await_trouble(&rig), 0);
	restart_until_a_frame_comes(&rig);
	rig_end(&rig);
}

static void an_error_lasts_until_the_restart(void **state)
{
	(void)state;
	struct rig rig = { .params = { .lux = 400 } };
	rig_start(&rig, "error@0.05/0.5", VIDEO);
	assert_int_equal(await_trouble(&rig), -EIO);
	struct camera_frame frame;
	assert_int_equal(await(&rig, &frame), -EIO);
	restart_until_a_frame_comes(&rig);
	rig_end(&rig);
}

/* Gone is gone until it is opened anew, and the fault clock goes on over close and open: else it would vanish at each.
 */
static void it_vanishes_and_returns(void **state)
{
	(void)state;
	const char *faults = "vanish@0.3+0.2";
	struct rig rig = { .params = { .lux = 400 } };
	rig_start(&rig, faults, VIDEO);
	assert_int_equal(await_trouble(&rig), -ENODEV);
	usleep(250000);
	assert_int_equal(await_trouble(&rig), -ENODEV);
	rig_end(&rig);
	assert_int_equal(rig_open(&rig, faults), 0);
	assert_int_equal(BACKEND->start(rig.state, &VIDEO, NULL), 0);
	for (int64_t until_ns = clock_now_ns() + CLOCK_NS_PER_S / 2; clock_now_ns() < until_ns;) {
		struct camera_frame frame;
		assert_int_equal(await(&rig, &frame), 1);
		BACKEND->release(rig.state, &frame);
	}
	rig_end(&rig);
}

static void without_a_length_one_opening_fails(void **state)
{
	(void)state;
	struct rig rig = { .params = { .lux = 400 } };
	assert_int_equal(rig_open(&rig, "vanish@0"), -ENODEV);
	assert_int_equal(rig_open(&rig, "vanish@0"), 0);
	BACKEND->close(rig.state);
}

static bool is_odd(const struct camera_frame *frame)
{
	return frame->image.width != WIDTH || frame->image.height != HEIGHT || fabs(frame_mean(frame) - 100) > 8;
}

/* With a fixed exposure, as automatic exposure would be misled by them. One fault at a time: on a slow machine two
 * could meet in one frame. */
static void odd_frames_come_once(void **state)
{
	(void)state;
	const char *const faults[] = { "black@0.01", "white@0.01", "garbage@0.01" };
	for (int i = 0; i < 3; i++) {
		struct rig rig = { .params = { .lux = 400 } };
		rig_start(&rig, faults[i], (struct camera_mode){ .still = true, .exposure_us = 2000, .gain = 5 });
		int odd = 0;
		for (int after = 0; after<20; after += odd> 0) {
			struct camera_frame frame;
			assert_int_equal(await(&rig, &frame), 1);
			if (is_odd(&frame)) {
				odd++;
				assert_true(i != 0 || frame_mean(&frame) < 20);
				assert_true(i != 1 || frame_mean(&frame) > 220);
				assert_true(i != 2 || frame.image.width != WIDTH);
			}
			BACKEND->release(rig.state, &frame);
		}
		assert_int_equal(odd, 1);
		rig_end(&rig);
	}
}

static void slow_is_a_fifth_of_the_rate(void **state)
{
	(void)state;
	struct rig rig = { .params = { .lux = 400, .framerate = 100 } };
	rig_start(&rig, "slow@0+1000", VIDEO);
	int64_t last_ns = 0;
	for (int i = 0; i < 5; i++) {
		struct camera_frame frame;
		assert_int_equal(await(&rig, &frame), 1);
		/* Exposures may differ by a frame's time as the automatics settle. */
		if (i > 0)
			assert_true(frame.timestamp_ns - last_ns > 40 * CLOCK_NS_PER_MS);
		last_ns = frame.timestamp_ns;
		BACKEND->release(rig.state, &frame);
	}
	rig_end(&rig);
}

static void light_comes_from_a_trace(void **state)
{
	(void)state;
	char path[] = "/tmp/pastcam-light-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	FILE *file = fdopen(fd, "w");
	fputs("t_s,lux\n1000,20\n1001,20\n", file);
	fclose(file);
	struct rig rig = { .params = { .lux = 400, .lux_trace = path } };
	rig_start(&rig, "", VIDEO);
	struct camera_frame frame;
	assert_int_equal(await(&rig, &frame), 1);
	assert_true(fabs(light_mean(20, frame.exposure_us, frame.gain) - 20) < 1e-6);
	assert_true(fabs(frame_mean(&frame) - 20) < 8);
	rig_end(&rig);
	unlink(path);
	assert_int_equal(rig_open(&rig, ""), -EINVAL);
}

static void every_layout_is_delivered(void **state)
{
	(void)state;
	const char *const names[] = { "RGB", "BGR", "RGBX", "BGRX", "NV12", "YUV420", "YUYV" };
	for (int format = PIXEL_RGB; format <= PIXEL_YUYV; format++) {
		struct rig rig = { .params = { .lux = 400, .synthetic_format = (enum pixel_format)format } };
		rig_start(&rig, "", VIDEO);
		assert_string_equal(rig.description.format, names[format]);
		struct camera_frame frame;
		assert_int_equal(await(&rig, &frame), 1);
		assert_int_equal(frame.image.format, format);
		BACKEND->release(rig.state, &frame);
		rig_end(&rig);
	}
}

static void bad_faults_are_refused(void **state)
{
	(void)state;
	struct rig rig = { .params = { .lux = 400 } };
	struct error error = { 0 };
	rig.params.framerate = 10;
	rig.params.width = WIDTH;
	rig.params.height = HEIGHT;
	rig.params.faults = "stall@soon";
	assert_int_equal(BACKEND->open(&rig.params, &rig.state, &rig.description, &error), -EINVAL);
	assert_non_null(strstr(error.text, "stall@soon"));
	BACKEND->close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_carry_their_number_and_rise),
		cmocka_unit_test(automatic_exposure_is_that_of_the_model),
		cmocka_unit_test(a_mode_is_taken_without_stopping),
		cmocka_unit_test(what_it_cannot_expose_is_clamped_and_told),
		cmocka_unit_test(lost_frames_show_in_the_sequence),
		cmocka_unit_test(frames_on_loan_are_left_alone),
		cmocka_unit_test(a_stall_lasts_until_the_restart),
		cmocka_unit_test(an_error_lasts_until_the_restart),
		cmocka_unit_test(it_vanishes_and_returns),
		cmocka_unit_test(without_a_length_one_opening_fails),
		cmocka_unit_test(odd_frames_come_once),
		cmocka_unit_test(slow_is_a_fifth_of_the_rate),
		cmocka_unit_test(light_comes_from_a_trace),
		cmocka_unit_test(every_layout_is_delivered),
		cmocka_unit_test(bad_faults_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
