/* The gains of a picture's light, by tiles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "detect/motion.h"
#include "detect/motion_light.h"
#include "media/luma_grid.h"

enum { WIDTH = MOTION_WIDTH_MIN, HEIGHT = 1024, GUARDS = 1024 };

static void test_a_picture_narrower_than_half_a_tile_has_gains_of_its_own_columns_alone(void **state)
{
	(void)state;
	static uint16_t luma[WIDTH * HEIGHT];
	static const float guard = -1;
	struct motion_planes planes;
	struct motion_light light;
	assert_true(motion_planes_init(&planes, WIDTH, HEIGHT));
	motion_light_init(&light, WIDTH, HEIGHT);
	assert_true(light.tile / 2 > WIDTH);
	free(planes.row);
	planes.row = malloc((WIDTH + GUARDS) * sizeof *planes.row);
	assert_non_null(planes.row);
	for (int i = 0; i < WIDTH + GUARDS; i++)
		planes.row[i] = guard;
	for (int i = 0; i < WIDTH * HEIGHT; i++) {
		planes.background[i] = planes.recent[i] = 100 * LUMA_GRID_LEVEL;
		luma[i] = 150 * LUMA_GRID_LEVEL;
	}
	motion_light_measure(&light, &planes, luma);
	assert_true(motion_light_apply(&light, &planes, luma));
	for (int i = 0; i < WIDTH; i++)
		assert_true(planes.row[i] > 1.4F && planes.row[i] < 1.6F);
	for (int i = WIDTH; i < WIDTH + GUARDS; i++)
		assert_true(planes.row[i] == guard);
	motion_planes_finish(&planes);
}

/* What becomes of a recent past of that level, where the picture has 100 and the background 90. */
static int recent_after(int level)
{
	enum { SIDE = 96 };
	static uint16_t luma[SIDE * SIDE];
	struct motion_planes planes;
	struct motion_light light;
	assert_true(motion_planes_init(&planes, SIDE, SIDE));
	motion_light_init(&light, SIDE, SIDE);
	for (int i = 0; i < SIDE * SIDE; i++) {
		planes.background[i] = 90 * LUMA_GRID_LEVEL;
		planes.recent[i] = (uint16_t)(level * LUMA_GRID_LEVEL);
		luma[i] = 100 * LUMA_GRID_LEVEL;
	}
	motion_light_measure(&light, &planes, luma);
	assert_true(motion_light_apply(&light, &planes, luma));
	const int after = planes.recent[SIDE / 2 * SIDE + SIDE / 2];
	motion_planes_finish(&planes);
	return (after + LUMA_GRID_LEVEL / 2) / LUMA_GRID_LEVEL;
}

static void test_the_recent_past_is_not_put_twice_into_the_light(void **state)
{
	(void)state;
	assert_int_equal(recent_after(90), 100);
	assert_int_equal(recent_after(100), 100);
	assert_int_equal(recent_after(110), 122); /* something that has moved on */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_picture_narrower_than_half_a_tile_has_gains_of_its_own_columns_alone),
		cmocka_unit_test(test_the_recent_past_is_not_put_twice_into_the_light),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
