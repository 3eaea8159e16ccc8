/* Buffers kept beyond their poll, of the synthetic camera under its supervisor. */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "camera/camera.h"

enum { WIDTH = 320, HEIGHT = 240 };

static struct camera *camera;
static int second_width, second_height;

static int begin(int leases, enum pixel_format format, const char *faults)
{
	static struct camera_params params;
	static const struct camera_mode video = { .still = false };
	struct error error = { 0 };
	params = (struct camera_params){ .backend = CAMERA_SYNTHETIC,
		                             .width = WIDTH,
		                             .height = HEIGHT,
		                             .framerate = 200,
		                             .leases = leases,
		                             .second_width = second_width,
		                             .second_height = second_height,
		                             .capture_timeout_s = 5,
		                             .lux = 400,
		                             .synthetic_format = format,
		                             .faults = faults };
	camera = camera_create(&params, &video, &error);
	return camera ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	camera_destroy(camera);
	camera = NULL;
	second_width = second_height = 0;
	return 0;
}

static struct camera_frame next_frame(void)
{
	struct camera_frame frame;
	enum camera_event event;
	while ((event = camera_poll(camera, &frame)) != CAMERA_FRAME) {
		struct pollfd wait = { .fd = camera_fd(camera), .events = POLLIN };
		if (event == CAMERA_NOTHING)
			assert_true(poll(&wait, 1, 60000) > 0);
	}
	return frame;
}

static void let_frames_pass(int count)
{
	for (int i = 0; i < count; i++) {
		struct camera_frame frame = next_frame();
		camera_release(camera, &frame);
	}
}

static struct camera_lease *lease_next(void)
{
	struct camera_frame frame = next_frame();
	struct camera_lease *lease = camera_lease(camera, &frame);
	if (lease) {
		assert_int_equal(lease->sequence, frame.sequence);
		assert_true(lease->timestamp_ns == frame.timestamp_ns && lease->exposure_end_ns == frame.exposure_end_ns);
		assert_ptr_equal(lease->image.plane[0], frame.image.plane[0]);
		assert_int_equal(lease->plane[0].fd, -1);
	}
	camera_release(camera, &frame);
	return lease;
}

static uint64_t sum_of(const struct image *image)
{
	uint64_t sum = 0;
	for (int y = 0; y < image->height; y++)
		for (int x = 0; x < image->width; x++)
			sum = sum * 31 + image->plane[0][(size_t)y * image->stride[0] + (size_t)x];
	return sum;
}

static void test_a_leased_buffer_is_not_written_to(void **state)
{
	(void)state;
	assert_int_equal(begin(2, PIXEL_NV12, ""), 0);
	struct camera_lease *lease = lease_next();
	assert_non_null(lease);
	const uint64_t sum = sum_of(&lease->image);
	let_frames_pass(20);
	assert_true(sum_of(&lease->image) == sum);
	camera_lease_release(lease);
	camera_lease_release(NULL);
}

static void test_with_all_leases_out_the_camera_goes_on_and_refuses(void **state)
{
	(void)state;
	assert_int_equal(begin(2, PIXEL_RGB, ""), 0);
	struct camera_lease *first = lease_next(), *second = lease_next();
	assert_true(first && second);
	for (int i = 0; i < 10; i++)
		assert_null(lease_next());
	camera_lease_release(first);
	first = lease_next();
	assert_non_null(first);
	assert_null(lease_next());
	camera_lease_release(first);
	camera_lease_release(second);
}

static void test_no_more_than_were_planned_for(void **state)
{
	(void)state;
	for (int most = 0; most <= 1; most++) {
		assert_int_equal(begin(most, PIXEL_RGB, ""), 0);
		struct camera_lease *lease = lease_next();
		assert_true((lease != NULL) == most);
		assert_null(lease_next());
		camera_lease_release(lease);
		tear_down(NULL);
	}
}

/* It vanishes, is closed, comes back with other buffers: whoever encodes from the old one does not notice. */
static void test_a_lease_outlives_the_camera_being_closed(void **state)
{
	(void)state;
	assert_int_equal(begin(2, PIXEL_YUV420, "vanish@0.2+0.3"), 0);
	struct camera_lease *lease = lease_next();
	assert_non_null(lease);
	const uint64_t sum = sum_of(&lease->image);
	struct camera_status status;
	do {
		let_frames_pass(1);
		camera_status(camera, &status);
	} while (status.reopens == 0);
	assert_true(sum_of(&lease->image) == sum);
	struct camera_lease *other = lease_next();
	assert_non_null(other);
	assert_null(lease_next());
	camera_lease_release(lease);
	let_frames_pass(5);
	camera_lease_release(other);
}

/* The luma of what a lease's second picture shows, by the first one. */
static double worst_difference(const struct image *second, const struct image *rgb)
{
	const int factor = WIDTH / second->width;
	double worst = 0;
	for (int y = 0; y < second->height; y++)
		for (int x = 0; x < second->width; x++) {
			double sum = 0;
			for (int i = 0; i < factor * factor; i++) {
				const uint8_t *pixel = rgb->plane[0] + (size_t)(y * factor + i / factor) * rgb->stride[0] +
				                       (size_t)(x * factor + i % factor) * FRAME_CHANNELS;
				sum += 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2];
			}
			const double luma = second->plane[0][(size_t)y * second->stride[0] + (size_t)x];
			const double difference = luma - sum / (factor * factor);
			worst = difference > worst ? difference : -difference > worst ? -difference : worst;
		}
	return worst;
}

static void test_a_lease_carries_the_second_picture(void **state)
{
	(void)state;
	second_width = WIDTH / 4;
	second_height = HEIGHT / 4;
	assert_int_equal(begin(2, PIXEL_RGB, ""), 0);
	struct camera_status status;
	camera_status(camera, &status);
	assert_string_equal(status.description.second, "80x60 YUV420");
	assert_string_equal(status.description.second_refused, "");
	struct camera_lease *lease = lease_next();
	assert_non_null(lease);
	assert_int_equal(lease->second.width, 80);
	assert_int_equal(lease->second.height, 60);
	assert_true(lease->second.format == PIXEL_YUV420 && lease->second.full_range);
	assert_int_equal(lease->second_plane[0].fd, -1);
	const uint64_t sum = sum_of(&lease->second);
	let_frames_pass(20);
	assert_true(sum_of(&lease->second) == sum);
	assert_true(worst_difference(&lease->second, &lease->image) < 1.5);
	camera_lease_release(lease);
}

static void test_a_second_picture_that_does_not_fit_is_refused_and_frames_come(void **state)
{
	static const struct {
		int width, height;
		const char *why;
	} cases[] = { { 2 * WIDTH, 2 * HEIGHT, "is too large" },
		          { WIDTH, HEIGHT + 2, "is too large" },
		          { 81, 60, "must have an even width and height" },
		          { 80, 61, "must have an even width and height" },
		          { 0, 60, "" } };
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		second_width = cases[i].width;
		second_height = cases[i].height;
		assert_int_equal(begin(1, PIXEL_NV12, ""), 0);
		struct camera_status status;
		camera_status(camera, &status);
		assert_string_equal(status.description.second, "");
		assert_non_null(strstr(status.description.second_refused, cases[i].why));
		assert_int_equal(status.description.second_refused[0] == '\0', cases[i].why[0] == '\0');
		struct camera_lease *lease = lease_next();
		assert_int_equal(lease->second.width, 0);
		camera_lease_release(lease);
		tear_down(NULL);
	}
}

struct encoder {
	_Atomic(struct camera_lease *) work;
	atomic_bool stop;
	uint64_t encoded, sum;
};

static void *encode(void *data)
{
	struct encoder *encoder = data;
	while (!atomic_load(&encoder->stop)) {
		struct camera_lease *lease = atomic_exchange(&encoder->work, NULL);
		if (!lease)
			continue;
		encoder->sum += sum_of(&lease->image);
		encoder->encoded++;
		camera_lease_release(lease);
	}
	return NULL;
}

static void test_an_encoder_reads_and_gives_back_on_its_own_thread(void **state)
{
	struct encoder encoder = { .work = NULL };
	pthread_t thread;
	int given = 0;
	(void)state;
	assert_int_equal(begin(2, PIXEL_NV12, ""), 0);
	assert_int_equal(pthread_create(&thread, NULL, encode, &encoder), 0);
	for (int i = 0; i < 100; i++) {
		struct camera_lease *lease = lease_next(), *none = NULL;
		given += lease != NULL;
		if (lease && !atomic_compare_exchange_strong(&encoder.work, &none, lease)) {
			camera_lease_release(lease); /* it is behind: this frame is left out */
			given--;
		}
	}
	while (atomic_load(&encoder.work))
		;
	atomic_store(&encoder.stop, true);
	pthread_join(thread, NULL);
	assert_int_equal(encoder.encoded, given);
	assert_true(given > 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_a_leased_buffer_is_not_written_to),
		TEST(test_with_all_leases_out_the_camera_goes_on_and_refuses),
		TEST(test_no_more_than_were_planned_for),
		TEST(test_a_lease_outlives_the_camera_being_closed),
		TEST(test_a_lease_carries_the_second_picture),
		TEST(test_a_second_picture_that_does_not_fit_is_refused_and_frames_come),
		TEST(test_an_encoder_reads_and_gives_back_on_its_own_thread),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
