/*
 * A camera whose frames come from a thread of its own, as libcamera's do, in a process that is stopped and goes on.
 * When it goes on, the camera's next frame takes a moment, and the time that was slept through must not count against
 * it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "camera/camera.h"
#include "camera/camera_backend.h"

enum { STEPS_PER_FRAME = 20, STEP_MS = 2, FRAMERATE = 20, PAUSES = 5 };

static struct threaded {
	pthread_t thread;
	atomic_bool ending, silent;
	int ready; /* eventfd, a semaphore of frames */
	uint64_t sequence;
} threaded;

static void sleep_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * CLOCK_NS_PER_MS }, NULL);
}

/* A frame is many small steps, so that one takes its time after a pause as well. */
static void *make_frames(void *data)
{
	(void)data;
	for (int step = 1; !threaded.ending; step++) {
		sleep_ms(STEP_MS);
		if (step % STEPS_PER_FRAME == 0 && !threaded.silent)
			eventfd_write(threaded.ready, 1);
	}
	return NULL;
}

static int threaded_open(const struct camera_params *params, void **state, struct camera_description *description,
                         struct error *error)
{
	(void)error;
	*state = &threaded;
	*description = (struct camera_description){ .model = "threaded", .width = params->width, .height = params->height };
	threaded.ready = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC | EFD_SEMAPHORE);
	threaded.ending = false;
	return pthread_create(&threaded.thread, NULL, make_frames, NULL) == 0 ? 0 : -EAGAIN;
}

static int threaded_start(void *state, const struct camera_mode *mode, struct error *error)
{
	(void)state;
	(void)mode;
	(void)error;
	return 0;
}

static int threaded_fd(void *state)
{
	(void)state;
	return threaded.ready;
}

static int threaded_acquire(void *state, struct camera_frame *frame, struct error *error)
{
	eventfd_t one;
	(void)state;
	(void)error;
	if (eventfd_read(threaded.ready, &one) < 0)
		return 0;
	*frame = (struct camera_frame){ .timestamp_ns = clock_now_ns(), .sequence = ++threaded.sequence };
	return 1;
}

static void threaded_release(void *state, struct camera_frame *frame)
{
	(void)state;
	(void)frame;
}

static int threaded_set_mode(void *state, const struct camera_mode *mode, char note[256])
{
	(void)state;
	(void)mode;
	note[0] = '\0';
	return 0;
}

static void threaded_stop(void *state)
{
	(void)state;
}

static void threaded_close(void *state)
{
	(void)state;
	threaded.ending = true;
	pthread_join(threaded.thread, NULL);
	close(threaded.ready);
}

static const struct camera_backend backend = {
	.name = "threaded",
	.open = threaded_open,
	.start = threaded_start,
	.fd = threaded_fd,
	.acquire = threaded_acquire,
	.release = threaded_release,
	.set_mode = threaded_set_mode,
	.stop = threaded_stop,
	.close = threaded_close,
};

/* A second of silence beyond a frame's time is a stall: the thread's steps may each come late. */
static const struct camera_params params = {
	.width = 64, .height = 48, .framerate = FRAMERATE, .capture_timeout_s = 1, .lost_after_s = 60
};

/* As the capture loop: turns to the camera when it is asked to, which reads the awake clock. */
static void turn(struct camera *camera)
{
	struct pollfd wait = { .fd = camera_fd(camera), .events = POLLIN };
	poll(&wait, 1, -1);
	struct camera_frame frame;
	enum camera_event event;
	while ((event = camera_poll(camera, &frame)) != CAMERA_NOTHING)
		if (event == CAMERA_FRAME)
			camera_release(camera, &frame);
}

static struct camera_status status_of(struct camera *camera)
{
	struct camera_status status;
	camera_status(camera, &status);
	return status;
}

/* The child: captures until it is told to end, and exits with how many stalls it saw. */
static void capture_until_told(int told, int frames)
{
	const struct camera_mode mode = { .still = false };
	struct camera *camera = camera_create_on(&backend, clock_awake_ns, &params, &mode, NULL);
	char end;
	uint64_t seen = 0;
	while (read(told, &end, 1) < 0) {
		turn(camera);
		struct camera_status status = status_of(camera);
		if (status.frames > seen && write(frames, "", 1) < 0)
			abort();
		seen = status.frames;
	}
	int stalls = (int)status_of(camera).stalls;
	camera_destroy(camera);
	_exit(stalls);
}

static void await_frames(int fd, int count)
{
	char frame;
	while (count-- > 0)
		assert_int_equal(read(fd, &frame, 1), 1);
}

static void test_silence_while_stopped_is_no_stall(void **state)
{
	int told[2], frames[2], result;
	(void)state;
	assert_int_equal(pipe2(told, O_NONBLOCK), 0);
	assert_int_equal(pipe(frames), 0);
	pid_t child = fork();
	if (child == 0)
		capture_until_told(told[0], frames[1]);
	close(frames[1]);
	for (int i = 0; i < PAUSES; i++) {
		await_frames(frames[0], 3 + i % 3);
		kill(child, SIGSTOP);
		sleep_ms(1200 + 50 * i);
		kill(child, SIGCONT);
	}
	await_frames(frames[0], 5);
	assert_int_equal(write(told[1], "", 1), 1);
	assert_int_equal(waitpid(child, &result, 0), child);
	assert_true(WIFEXITED(result));
	assert_int_equal(WEXITSTATUS(result), 0);
	close(told[0]);
	close(told[1]);
	close(frames[0]);
}

/* The same camera, when it really falls silent. */
static void test_silence_of_a_thread_that_hangs_is_a_stall(void **state)
{
	(void)state;
	const struct camera_mode mode = { .still = false };
	struct camera *camera = camera_create_on(&backend, clock_awake_ns, &params, &mode, NULL);
	while (status_of(camera).frames < 3)
		turn(camera);
	threaded.silent = true;
	while (status_of(camera).stalls == 0)
		turn(camera);
	threaded.silent = false;
	while (status_of(camera).state != CAMERA_RUNNING)
		turn(camera);
	camera_destroy(camera);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_silence_while_stopped_is_no_stall),
		cmocka_unit_test(test_silence_of_a_thread_that_hangs_is_a_stall),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
