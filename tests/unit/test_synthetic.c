/* What the synthetic camera delivers. */
#include "synthetic_rig.h"

static void test_frames_carry_their_number_and_rise(void **state)
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
		assert_int_equal(frame.exposure_end_ns - frame.timestamp_ns, (int64_t)(frame.exposure_us * 1e3));
		assert_true(frame.exposure_end_ns <= clock_now_ns());
		last = frame.sequence;
		last_ns = frame.timestamp_ns;
		BACKEND->release(rig.state, &frame);
	}
	rig_end(&rig);
}

/* At 200 frames a second the longest automatic exposure is 5 ms: 20 lux reach 20 at gain 8, 2000 lux the aim. */
static void test_automatic_exposure_is_that_of_the_model(void **state)
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

static void test_automatic_exposure_begins_where_it_is_told(void **state)
{
	(void)state;
	struct rig rig = { .params = { .lux = 2000 } };
	char note[256];
	struct camera_frame frame;
	rig_start(&rig, "", (struct camera_mode){ .still = true, .exposure_us = 4000, .gain = 2 });
	assert_int_equal(await(&rig, &frame), 1);
	BACKEND->release(rig.state, &frame);
	const struct camera_mode day = { .start_exposure_us = 700, .start_gain = 3 };
	assert_int_equal(BACKEND->set_mode(rig.state, &day, note), 0);
	for (int n = 0; n < 3; n++) { /* the one under way has the exposure before */
		assert_int_equal(await(&rig, &frame), 1);
		const bool told = fabs(frame.exposure_us - 700) < 1e-6 && fabs(frame.gain - 3) < 1e-6;
		BACKEND->release(rig.state, &frame);
		if (told)
			break;
		assert_true(n < 2);
	}
	rig_end(&rig);
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

static void test_a_mode_is_taken_without_stopping(void **state)
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

/* A machine under load may take seconds from the camera's start to the first look at it. */
static void test_numbers_begin_when_somebody_looks(void **state)
{
	(void)state;
	struct rig rig = { .params = { .lux = 10, .framerate = 100 } };
	rig_start(&rig, "", VIDEO);
	struct camera_frame frame;
	assert_int_equal(await(&rig, &frame), 1);
	const uint64_t first = frame.sequence;
	BACKEND->release(rig.state, &frame);
	BACKEND->stop(rig.state);
	assert_int_equal(BACKEND->start(rig.state, &VIDEO, NULL), 0);
	usleep(300000);
	assert_int_equal(await(&rig, &frame), 1);
	assert_int_equal(frame.sequence, first + 1);
	BACKEND->release(rig.state, &frame);
	rig_end(&rig);
}

static void test_what_it_cannot_expose_is_clamped_and_told(void **state)
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

static void test_lost_frames_show_in_the_sequence(void **state)
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

static void test_frames_on_loan_are_left_alone(void **state)
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

static void test_light_comes_from_a_trace(void **state)
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
	assert_int_equal(rig_open(&rig, ""), -ENOENT);
}

static void test_every_layout_is_delivered(void **state)
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_carry_their_number_and_rise),
		cmocka_unit_test(test_automatic_exposure_is_that_of_the_model),
		cmocka_unit_test(test_automatic_exposure_begins_where_it_is_told),
		cmocka_unit_test(test_a_mode_is_taken_without_stopping),
		cmocka_unit_test(test_numbers_begin_when_somebody_looks),
		cmocka_unit_test(test_what_it_cannot_expose_is_clamped_and_told),
		cmocka_unit_test(test_lost_frames_show_in_the_sequence),
		cmocka_unit_test(test_frames_on_loan_are_left_alone),
		cmocka_unit_test(test_light_comes_from_a_trace),
		cmocka_unit_test(test_every_layout_is_delivered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
