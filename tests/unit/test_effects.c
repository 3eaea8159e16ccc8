/* The plan of a hard scene, its truth, and that each effect does what its name says. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "camera/synthetic/effects.h"
#include "media/luma.h"

enum { WIDTH = 160, HEIGHT = 120, BYTES = WIDTH * HEIGHT * 3 };

static struct effect_plan plan_of(const char *text)
{
	struct effect_plan plan;
	struct error error;
	assert_int_equal(effects_parse(text, &plan, &error), 0);
	return plan;
}

static void test_a_plan_is_read(void **state)
{
	(void)state;
	double through;
	const struct effect_plan plan = plan_of("still,noise=2,lamp=-1.5@10+5/60,walker@3");
	assert_int_equal(plan.count, 4);
	assert_non_null(effects_active(&plan, EFFECT_STILL, 0, &through));
	assert_true(effects_active(&plan, EFFECT_NOISE, 1e6, &through)->value == 2);
	assert_null(effects_active(&plan, EFFECT_LAMP, 9.9, &through));
	assert_true(effects_active(&plan, EFFECT_LAMP, 72.5, &through)->value == -1.5);
	assert_true(fabs(through - 0.5) < 1e-9);
	assert_null(effects_active(&plan, EFFECT_LAMP, 75, &through));
	assert_non_null(effects_active(&plan, EFFECT_WALKER, 12.9, &through)); /* ten seconds, unless it is told */
	assert_null(effects_active(&plan, EFFECT_WALKER, 13.1, &through));
}

static void test_what_is_no_plan_is_refused(void **state)
{
	(void)state;
	static const char *const WRONG[] = { ",",         "noise,",   "noice",        "noise=",       "noise=x",
		                                 "noise=101", "still=2",  "walker@",      "walker@1+",    "walker@1+5/4",
		                                 "lamp@-1",   "blur=0.5", "walker=0.5x1", "walker=1@1e9", "noise=1 " };
	struct effect_plan plan;
	struct error error;
	for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
		error.text[0] = '\0';
		if (effects_parse(WRONG[i], &plan, &error) != -EINVAL)
			fail_msg("%s was taken", WRONG[i]);
		assert_non_null(strstr(error.text, "kind[=value]"));
	}
	char many[EFFECTS_MAX * 6 + 16] = "still";
	for (int i = 0; i < EFFECTS_MAX; i++)
		strcat(many, ",still");
	assert_int_equal(effects_parse(many, &plan, &error), -EINVAL);
	assert_non_null(strstr(error.text, "too many"));
}

static void paint(const char *text, double at_s, double gain, uint32_t seed, uint8_t *rgb)
{
	const struct effect_plan plan = plan_of(text);
	struct effect_painter *painter = effect_painter_create(WIDTH, HEIGHT);
	assert_non_null(painter);
	const double light = effects_light(painter, &plan, at_s);
	memset(rgb, (int)(100 * light), BYTES);
	effects_paint(painter, &plan, at_s, light, gain, seed, rgb);
	effect_painter_destroy(painter);
}

/* The walker's truth is where the picture differs, and nowhere else. */
static void test_the_truth_is_where_the_walker_is(void **state)
{
	(void)state;
	static uint8_t rgb[BYTES];
	const struct effect_plan plan = plan_of("walker=2@0+10");
	for (double at_s = 0.2; at_s < 10; at_s += 0.7) {
		struct scene_rect rect;
		int left = WIDTH, right = -1, top = HEIGHT, bottom = -1;
		paint("walker=2@0+10", at_s, 1, 1, rgb);
		for (int y = 0; y < HEIGHT; y++)
			for (int x = 0; x < WIDTH; x++)
				if (rgb[(y * WIDTH + x) * 3] != 100) {
					left = x < left ? x : left;
					right = x > right ? x : right;
					top = y < top ? y : top;
					bottom = y > bottom ? y : bottom;
				}
		if (!effects_walker(&plan, WIDTH, HEIGHT, at_s, &rect)) {
			assert_int_equal(right, -1);
			continue;
		}
		if (right < 0)
			continue; /* a corner of its box */
		assert_true(left >= rect.x && right < rect.x + rect.width);
		assert_true(top >= rect.y && bottom < rect.y + rect.height);
		if (rect.x > 0 && rect.x + rect.width < WIDTH)
			assert_true(bottom - top + 1 >= rect.height - 2);
	}
}

static void test_a_walker_has_the_size_that_is_asked_for(void **state)
{
	(void)state;
	static uint8_t rgb[BYTES];
	for (double percent = 1; percent <= 8; percent *= 2) {
		char text[64];
		snprintf(text, sizeof text, "walker=%g@0+10", percent);
		paint(text, 5, 1, 1, rgb);
		int covered = 0;
		for (int i = 0; i < BYTES; i += 3)
			covered += rgb[i] != 100 || rgb[i + 1] != 100 || rgb[i + 2] != 100;
		assert_true(covered > 0.6 * percent / 100 * WIDTH * HEIGHT && covered < 1.4 * percent / 100 * WIDTH * HEIGHT);
	}
}

static double deviation(const uint8_t *rgb)
{
	double sum = 0, squares = 0;
	for (int i = 0; i < BYTES; i++) {
		sum += rgb[i];
		squares += rgb[i] * rgb[i];
	}
	return sqrt(squares / BYTES - sum / BYTES * sum / BYTES);
}

static void test_noise_grows_with_the_gain_and_leaves_the_mean(void **state)
{
	(void)state;
	static uint8_t rgb[BYTES];
	double before = 0;
	for (double gain = 1; gain <= 16; gain *= 2) {
		paint("noise", 0, gain, 7, rgb);
		assert_true(deviation(rgb) > 1.3 * before);
		assert_true(fabs(luma_mean(rgb, BYTES) - 100) < 1);
		before = deviation(rgb);
	}
	assert_true(before > 3);
}

static void test_light_rises_and_falls_as_told(void **state)
{
	(void)state;
	static uint8_t rgb[BYTES];
	paint("lamp=-1@5+5", 4, 1, 1, rgb);
	assert_true(luma_mean(rgb, BYTES) == 100);
	paint("lamp=-1@5+5", 6, 1, 1, rgb);
	assert_true(luma_mean(rgb, BYTES) > 50 && luma_mean(rgb, BYTES) < 67);
	paint("dim=0.5@0+10", 5, 1, 1, rgb);
	assert_true(fabs(luma_mean(rgb, BYTES) - 50) < 1.5);
	paint("headlights=2@0+10", 5, 1, 1, rgb);
	assert_true(luma_mean(rgb, BYTES) > 105 && rgb[0] == 100);
	paint("cloud=0.5@0+10", 5, 1, 1, rgb);
	assert_true(luma_mean(rgb, BYTES) < 95 && luma_mean(rgb, BYTES) > 50);
}

static void test_the_same_seed_gives_the_same_picture(void **state)
{
	(void)state;
	static uint8_t one[BYTES], other[BYTES];
	paint("noise,rain=50,blur=3,sway", 3.3, 4, 11, one);
	paint("noise,rain=50,blur=3,sway", 3.3, 4, 11, other);
	assert_memory_equal(one, other, BYTES);
	paint("noise,rain=50,blur=3,sway", 3.3, 4, 12, other);
	assert_memory_not_equal(one, other, BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_plan_is_read),
		cmocka_unit_test(test_what_is_no_plan_is_refused),
		cmocka_unit_test(test_the_truth_is_where_the_walker_is),
		cmocka_unit_test(test_a_walker_has_the_size_that_is_asked_for),
		cmocka_unit_test(test_noise_grows_with_the_gain_and_leaves_the_mean),
		cmocka_unit_test(test_light_rises_and_falls_as_told),
		cmocka_unit_test(test_the_same_seed_gives_the_same_picture),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
