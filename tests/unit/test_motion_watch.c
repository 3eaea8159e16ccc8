/* Motion looked for in smaller pictures that are lent, on the watch's own thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "camera/camera.h"
#include "camera/leases.h"
#include "capture/motion_watch.h"

enum { WIDTH = 256, HEIGHT = 192, BLOCK = 4, COLUMNS = WIDTH / BLOCK, ROWS = HEIGHT / BLOCK, SQUARE = 12, STILL = 40 };

static struct camera_leases leases;
static struct camera_buffer buffers[CAMERA_LEASES_MAX];
static uint8_t luma[CAMERA_LEASES_MAX][COLUMNS * ROWS];
static struct motion_watch *watch;
static atomic_int starts, ends, switches;
static atomic_ullong first_id;

static void on_motion(void *data, const struct motion_event *event, const char *zone)
{
	(void)data;
	assert_string_equal(zone, "all");
	if (event->start && atomic_fetch_add(&starts, 1) == 0)
		atomic_store(&first_id, event->frame_id);
	if (!event->start)
		atomic_fetch_add(&ends, 1);
}

static void on_switch(void *data, bool on)
{
	(void)data;
	(void)on;
	atomic_fetch_add(&switches, 1);
}

static void keep(struct camera_buffer *buffer)
{
	(void)buffer;
}

static int set_up(void **state)
{
	static struct motion_setup setup;
	struct error error = { 0 };
	(void)state;
	setup.params = (struct motion_params){
		.width = COLUMNS, .height = ROWS, .block = BLOCK, .min_frames = 3, .hold_s = 1, .cooldown_s = 0
	};
	const struct zone_defaults defaults = { 50, 0.1 };
	assert_int_equal(zones_parse(&setup.zones, "[]", "[]", &defaults, &error), 0);
	watch = motion_watch_create(&setup, WIDTH, HEIGHT, NULL, &error);
	assert_non_null(watch);
	motion_watch_listen(watch, on_motion, on_switch, NULL);
	for (int i = 0; i < CAMERA_LEASES_MAX; i++)
		camera_buffer_init(&buffers[i], keep);
	starts = ends = switches = 0;
	first_id = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	motion_watch_destroy(watch);
	watch = NULL;
	return leases_out(&leases);
}

/* Texture that stays, and after STILL frames a bright square that walks over it. */
static void draw(uint8_t *cells, int number)
{
	for (int i = 0; i < COLUMNS * ROWS; i++)
		cells[i] = (uint8_t)(70 + (i % COLUMNS * 7 + i / COLUMNS * 13) % 40);
	for (int y = 0; number >= STILL && y < SQUARE; y++)
		memset(cells + (size_t)(10 + y) * COLUMNS + (size_t)(number - STILL) % (COLUMNS - SQUARE), 200, SQUARE);
}

static struct image image_of(const uint8_t *cells)
{
	return (struct image){ .format = PIXEL_YUV420,
		                   .width = COLUMNS,
		                   .height = ROWS,
		                   .plane = { cells, cells, cells },
		                   .stride = { COLUMNS, COLUMNS / 2, COLUMNS / 2 },
		                   .full_range = true };
}

static struct frame_info info_of(int number)
{
	const int64_t at_ns = (1000 + (int64_t)number) * CLOCK_NS_PER_S / 10;
	return (struct frame_info){
		.id = (uint64_t)number + 1, .timestamp_ns = at_ns, .exposure_end_ns = at_ns, .exposure_us = 10000, .gain = 1
	};
}

static struct camera_lease *lease_of(int number)
{
	for (int i = 0; i < CAMERA_LEASES_MAX; i++) {
		if (!camera_buffer_is_free(&buffers[i]))
			continue;
		draw(luma[i], number);
		const struct camera_frame frame = { .buffer = &buffers[i], .second = image_of(luma[i]) };
		return leases_take(&leases, CAMERA_LEASES_MAX, &frame);
	}
	return NULL;
}

static void wait_ms(int ms)
{
	const struct timespec pause = { .tv_nsec = (long)ms * 1000000 };
	nanosleep(&pause, NULL);
}

static struct motion_watch_status status_now(void)
{
	struct motion_watch_status status;
	motion_watch_status(watch, &status);
	return status;
}

static void lend(int number)
{
	const struct frame_info info = info_of(number);
	struct camera_lease *lease;
	while (!(lease = lease_of(number)))
		wait_ms(1);
	motion_watch_lend(watch, lease, &info);
}

static void wait_frames(uint64_t frames)
{
	while (status_now().frames < frames)
		wait_ms(1);
}

static void use_second(void)
{
	struct error error = { 0 };
	assert_int_equal(motion_watch_use_second(watch, &error), 0);
}

static void show(int number)
{
	const struct frame_info info = info_of(number);
	uint8_t cells[COLUMNS * ROWS];
	draw(cells, number);
	const struct image image = image_of(cells);
	struct luma_grid *grid = motion_watch_grid(watch);
	if (grid)
		luma_grid_fill(grid, &image);
	motion_watch_frame(watch, &info);
}

static void test_lent_pictures_tell_what_frames_tell(void **state)
{
	(void)state;
	for (int number = 0; number < STILL + 30; number++)
		show(number);
	const unsigned long long id = first_id;
	assert_int_equal(starts, 1);
	assert_false(status_now().second);
	tear_down(NULL);
	set_up(NULL);
	use_second();
	for (int number = 0; number < STILL + 30; number++)
		lend(number);
	wait_frames(STILL + 30);
	assert_int_equal(starts, 1);
	assert_true(first_id == id);
	const struct motion_watch_status status = status_now();
	assert_true(status.second && status.moving && status.missed == 0);
}

static void test_only_pictures_that_fill_the_grid_are_taken(void **state)
{
	(void)state;
	struct image image = image_of(luma[0]);
	assert_false(motion_watch_takes(NULL, &image));
	assert_false(motion_watch_takes(watch, &image)); /* it has no thread for them */
	use_second();
	assert_true(motion_watch_takes(watch, &image));
	image.width += 2;
	assert_false(motion_watch_takes(watch, &image));
	assert_false(motion_watch_takes(watch, &(struct image){ 0 }));
}

static void test_a_frame_for_which_there_is_no_lease_is_missed(void **state)
{
	(void)state;
	const struct frame_info info = info_of(0);
	use_second();
	motion_watch_lend(watch, NULL, &info);
	assert_int_equal(status_now().missed, 1);
	lend(1);
	wait_frames(1);
	assert_int_equal(status_now().missed, 1);
}

static void test_when_the_camera_stops_motion_ends_after_the_last_picture(void **state)
{
	(void)state;
	use_second();
	for (int number = 0; number < STILL + 30; number++)
		lend(number);
	motion_watch_stop(watch);
	while (ends == 0)
		wait_ms(1);
	assert_int_equal(starts, 1);
	assert_int_equal(status_now().frames, STILL + 30);
	assert_true(status_now().settling);
}

static void test_pictures_that_wait_are_given_back_at_the_end(void **state)
{
	(void)state;
	use_second();
	for (int number = 0; number < 6; number++)
		lend(number);
	motion_watch_stop(watch);
	motion_watch_destroy(watch);
	watch = NULL;
	assert_int_equal(leases_out(&leases), 0);
	for (int i = 0; i < CAMERA_LEASES_MAX; i++)
		assert_true(camera_buffer_is_free(&buffers[i]));
}

static void test_what_is_switched_off_ends_its_motion_and_looks_at_nothing(void **state)
{
	(void)state;
	for (int number = 0; number < STILL + 10; number++)
		show(number);
	assert_int_equal(starts, 1);
	motion_watch_switch(watch, false);
	motion_watch_switch(watch, false);
	assert_int_equal(ends, 1);
	assert_int_equal(switches, 1);
	assert_null(motion_watch_grid(watch));
	for (int number = STILL + 10; number < STILL + 20; number++)
		show(number);
	const struct motion_watch_status status = status_now();
	assert_int_equal(status.frames, STILL + 10);
	assert_true(status.enabled && !status.on && !status.moving);
	assert_true(motion_watch_stirs(watch)); /* for all it knows */
}

static void test_what_is_switched_on_again_settles_and_then_tells(void **state)
{
	(void)state;
	motion_watch_switch(watch, true);
	assert_int_equal(switches, 0);
	motion_watch_switch(watch, false);
	show(0);
	motion_watch_switch(watch, true);
	assert_int_equal(switches, 2);
	assert_true(status_now().on && status_now().settling);
	for (int number = 1; number < STILL; number++)
		show(number);
	assert_false(status_now().settling);
	assert_int_equal(starts, 0);
	for (int number = STILL; number < STILL + 10; number++)
		show(number);
	assert_int_equal(starts, 1);
}

static void test_lent_pictures_are_not_looked_at_while_it_is_off(void **state)
{
	(void)state;
	use_second();
	for (int number = 0; number < STILL + 10; number++)
		lend(number);
	wait_frames(STILL + 10);
	motion_watch_switch(watch, false);
	assert_int_equal(ends, 1);
	const struct image image = image_of(luma[0]);
	assert_false(motion_watch_takes(watch, &image));
	lend(STILL + 10); /* capture had asked before */
	motion_watch_switch(watch, true);
	for (int number = STILL + 11; number < STILL + 21; number++)
		lend(number);
	wait_frames(STILL + 20);
	assert_true(status_now().on);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_lent_pictures_tell_what_frames_tell),
		TEST(test_only_pictures_that_fill_the_grid_are_taken),
		TEST(test_a_frame_for_which_there_is_no_lease_is_missed),
		TEST(test_when_the_camera_stops_motion_ends_after_the_last_picture),
		TEST(test_pictures_that_wait_are_given_back_at_the_end),
		TEST(test_what_is_switched_off_ends_its_motion_and_looks_at_nothing),
		TEST(test_what_is_switched_on_again_settles_and_then_tells),
		TEST(test_lent_pictures_are_not_looked_at_while_it_is_off),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
