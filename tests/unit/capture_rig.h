/* The capture loop on a real event loop, with a camera that does what the test says. */
#ifndef PASTCAM_TEST_CAPTURE_RIG_H
#define PASTCAM_TEST_CAPTURE_RIG_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "camera/camera_backend.h"
#include "capture/capture.h"
#include "scratch.h"

enum { WIDTH = 32, HEIGHT = 16, SLOTS = 8 };

/* The camera: what it gives next. */
static struct {
	int open_rc;
	int open_width, open_height; /* what it says it delivers; 0: as asked */
	int frames;                  /* that wait */
	int width, height;           /* of them */
	bool broken;                 /* acquiring fails */
	uint64_t sequence;
	double exposure_us, gain;
	int fd, on_loan;
} fake;
static uint8_t pixels[2 * WIDTH * 2 * HEIGHT * FRAME_CHANNELS];

static inline int fake_open(const struct camera_params *params, void **state, struct camera_description *description,
                            struct error *error)
{
	if (fake.open_rc < 0)
		return error_set(error, fake.open_rc, "it is not plugged in");
	fake.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	*state = &fake;
	*description = (struct camera_description){
		.model = "fake",
		.width = fake.open_width ? fake.open_width : params->width,
		.height = fake.open_height ? fake.open_height : params->height,
	};
	return 0;
}

static inline int fake_start(void *state, const struct camera_mode *mode, struct error *error)
{
	(void)state, (void)mode, (void)error;
	return 0;
}

static inline int fake_fd(void *state)
{
	(void)state;
	return fake.fd;
}

static inline int fake_acquire(void *state, struct camera_frame *frame, struct error *error)
{
	(void)state;
	uint64_t count;
	if (fake.broken)
		return error_set(error, -ENODEV, "unplugged");
	if (fake.frames == 0) {
		(void)!read(fake.fd, &count, sizeof count);
		return 0;
	}
	fake.frames--;
	fake.on_loan++;
	*frame = (struct camera_frame){
		.image = { .format = PIXEL_RGB,
		           .width = fake.width,
		           .height = fake.height,
		           .plane = { pixels },
		           .stride = { (size_t)fake.width * FRAME_CHANNELS } },
		.timestamp_ns = clock_now_ns(),
		.sequence = ++fake.sequence,
		.exposure_us = fake.exposure_us,
		.gain = fake.gain,
	};
	return 1;
}

static inline void fake_release(void *state, struct camera_frame *frame)
{
	(void)state, (void)frame;
	fake.on_loan--;
}

static inline int fake_set_mode(void *state, const struct camera_mode *mode, char note[256])
{
	(void)state, (void)mode, (void)note;
	return 0;
}

static inline void fake_stop(void *state)
{
	(void)state;
}

static inline void fake_close(void *state)
{
	(void)state;
	close(fake.fd);
}

static const struct camera_backend backend = { "fake",       fake_open,    fake_start,    fake_fd,
	                                           fake_acquire, fake_release, fake_set_mode, fake_stop,
	                                           fake_close,   NULL,         NULL };

static struct camera_params camera_params;
static struct loop *loop;
static struct camera *camera;
static struct frame_ring *ring, *full_ring;
static struct jobs *jobs;
static struct capture *capture;
static struct event_log *event_log;
static char folder[SCRATCH_BYTES];
static int lost;
static double night_threshold; /* 0: there is no night */

static struct {
	atomic_int times;
	int code;
	char text[256];
	uint64_t id;
	atomic_int pinned; /* while the last job ran */
} seen;

/* The worker's view of the frame it is to save. */
static inline int look(void *data, dev_t *device, struct error *error)
{
	(void)data, (void)device, (void)error;
	struct frame_ring_status status;
	frame_ring_status(full_ring ? full_ring : ring, &status);
	atomic_store(&seen.pinned, (int)status.pinned);
	return 0;
}

static inline void camera_lost(void *data)
{
	(void)data;
	lost++;
	loop_stop(loop);
}

static inline struct frame_ring *new_ring(int width, int height)
{
	struct frame_ring *made = frame_ring_create(SLOTS, width, height, NULL);
	struct frame_ring_status status = { 0 };
	assert_non_null(made);
	while (status.touched < SLOTS)
		frame_ring_status(made, &status);
	return made;
}

static inline int set_up(void **state)
{
	(void)state;
	scratch_make(folder);
	memset(&fake, 0, sizeof fake);
	fake.width = WIDTH;
	fake.height = HEIGHT;
	fake.exposure_us = 1000;
	fake.gain = 2;
	memset(pixels, 50, sizeof pixels);
	atomic_store(&seen.times, 0);
	lost = 0;
	night_threshold = 0;
	camera_params =
	    (struct camera_params){ .width = WIDTH, .height = HEIGHT, .framerate = 50, .capture_timeout_s = 100 };
	loop = loop_create(NULL);
	event_log = event_log_create(8, "", NULL);
	ring = new_ring(WIDTH, HEIGHT);
	full_ring = NULL;
	jobs = jobs_create(&(struct jobs_params){ .export = { .base_dir = folder, .jpg_quality = 90 },
	                                          .most = JOBS_MAX,
	                                          .frame_bytes = 1,
	                                          .gate = look,
	                                          .gate_data = NULL },
	                   NULL);
	return loop && jobs && event_log ? 0 : -1;
}

static inline void begin(double frame_timeout_s)
{
	struct error error = { 0 };
	camera = camera_create_on(&backend, clock_now_ns, &camera_params, &(struct camera_mode){ .still = false }, &error);
	assert_non_null(camera);
	capture = capture_create(
	    &(struct capture_params){
	        .loop = loop,
	        .camera = camera,
	        .jobs = jobs,
	        .ring = ring,
	        .full_ring = full_ring,
	        .events = event_log,
	        .night = { .enable = night_threshold > 0,
	                   .metric = NIGHT_METRIC_MEAN,
	                   .dark_threshold = night_threshold,
	                   .bright_threshold = night_threshold + 10,
	                   .min_dark_frames = 1,
	                   .min_bright_frames = 1,
	                   .exposure_us = 1000,
	                   .gain = 1 },
	        .framerate = 50,
	        .frame_timeout_s = frame_timeout_s,
	        .camera_lost = camera_lost,
	    },
	    &error);
	assert_non_null(capture);
}

static inline int tear_down(void **state)
{
	(void)state;
	capture_destroy(capture);
	jobs_destroy(jobs);
	frame_ring_destroy(ring);
	frame_ring_destroy(full_ring);
	camera_destroy(camera);
	loop_destroy(loop);
	event_log_destroy(event_log);
	scratch_remove(folder);
	capture = NULL;
	camera = NULL;
	return 0;
}

static inline void stop(void *data, uint32_t events)
{
	(void)data, (void)events;
	loop_stop(loop);
}

/* Lets the loop run for some time, or until something stops it. */
static inline void run(int milliseconds)
{
	struct loop_watch *timer = loop_add_timer(loop, stop, NULL);
	loop_set_timer(timer, (int64_t)milliseconds * CLOCK_NS_PER_MS, 0);
	assert_int_equal(loop_run(loop), 0);
	loop_remove(timer);
}

static inline struct capture_status status(void)
{
	struct capture_status now;
	capture_status(capture, &now);
	return now;
}

/* The camera gives count frames, which are all looked at. */
static inline void give(int count)
{
	fake.frames = count;
	(void)!write(fake.fd, &(uint64_t){ 1 }, sizeof(uint64_t));
	while (fake.frames > 0)
		run(1);
	run(1);
	assert_int_equal(fake.on_loan, 0);
}

#define CAPTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
