/* Zones: what they may be, and what they do. */
#include "motion_rig.h"

static const char LEFT_RIGHT[] = "[{\"name\": \"left\", \"polygon\": [[0,0],[0.5,0],[0.5,1],[0,1]]},"
                                 "{\"name\": \"right\", \"polygon\": [[0.5,0],[1,0],[1,1],[0.5,1]]}]";

static int parse(const char *zones, const char *ignore, struct zones *into, struct error *error)
{
	const struct zone_defaults defaults = { 50, 0.2 };
	*error = (struct error){ 0 };
	return zones_parse(into, zones, ignore, &defaults, error);
}

static void test_without_zones_there_is_one(void **state)
{
	(void)state;
	struct zones zones;
	struct error error;
	assert_int_equal(parse("", "", &zones, &error), 0);
	assert_int_equal(parse("[]", "[]", &zones, &error), 0);
	assert_int_equal(zones.count, 1);
	assert_string_equal(zones.zone[0].name, "all");
	assert_true(zones.zone[0].sensitivity == 50);
}

static void test_a_zone_has_its_own_numbers(void **state)
{
	(void)state;
	struct zones zones;
	struct error error;
	assert_int_equal(parse("[{\"name\": \"door\", \"polygon\": [[0,0],[1,0],[0.5,1]], \"sensitivity\": 80, "
	                       "\"min_area\": 2.5}]",
	                       "[[[0,0],[0.1,0],[0,0.1]]]", &zones, &error),
	                 0);
	assert_int_equal(zones.count, 1);
	assert_int_equal(zones.ignored, 1);
	assert_true(zones.zone[0].sensitivity == 80 && zones.zone[0].min_area_percent == 2.5);
}

static void test_bad_zones_are_told_with_their_reason(void **state)
{
	(void)state;
	static const struct {
		const char *zones, *why;
	} BAD[] = {
		{ "{}", "must be a list" },
		{ "[1]", "must be an object" },
		{ "[{\"polygon\": [[0,0],[1,0],[1,1]]}]", "needs a name" },
		{ "[{\"name\": \"\", \"polygon\": [[0,0],[1,0],[1,1]]}]", "needs a name" },
		{ "[{\"name\": \"a b\", \"polygon\": [[0,0],[1,0],[1,1]]}]", "must not have spaces" },
		{ "[{\"name\": \"a=b\", \"polygon\": [[0,0],[1,0],[1,1]]}]", "must not have spaces" },
		{ "[{\"name\": \"a\\\"b\", \"polygon\": [[0,0],[1,0],[1,1]]}]", "quotes" },
		{ "[{\"name\": \"a234567890123456789012345678901234\", \"polygon\": [[0,0],[1,0],[1,1]]}]", "longer than" },
		{ "[{\"name\": \"a\"}]", "needs a polygon" },
		{ "[{\"name\": \"a\", \"polygon\": 3}]", "needs a polygon" },
		{ "[{\"name\": \"a\", \"polygon\": []}]", "0 points" },
		{ "[{\"name\": \"a\", \"polygon\": [[0,0],[1,1]]}]", "2 points" },
		{ "[{\"name\": \"a\", \"polygon\": [[0,0],[1,0],[1]]}]", "must be [x, y]" },
		{ "[{\"name\": \"a\", \"polygon\": [[0,0],[1.5,0],[1,1]]}]", "outside the picture" },
		{ "[{\"name\": \"a\", \"polygon\": [[0,0],[\"1\",0],[1,1]]}]", "outside the picture" },
		{ "[{\"name\": \"a\", \"polygon\": [[0,0],[-0.1,0],[1,1]]}]", "outside the picture" },
		{ "[{\"name\": \"a\", \"polygon\": [[0,0],[1,1],[1,0],[0,1]]}]", "crosses" },
		{ "[{\"name\": \"a\", \"polygon\": [[0,0],[1,0],[0.5,0],[0.5,1]]}]", "crosses or touches" },
		{ "[{\"name\": \"a\", \"polygon\": [[0,0],[0.5,0],[1,0]]}]", "encloses nothing" },
		{ "[{\"name\": \"a\", \"polygon\": [[0.2,0.2],[0.2,0.2],[0.2,0.2]]}]", "encloses nothing" },
		{ "[{\"name\": \"a\", \"polygon\": [[0,0],[1,0],[1,1]], \"sensitivity\": 101}]", "from 0 to 100" },
		{ "[{\"name\": \"a\", \"polygon\": [[0,0],[1,0],[1,1]], \"sensitivity\": \"x\"}]", "must be a number" },
		{ "[{\"name\": \"a\", \"polygon\": [[0,0],[1,0],[1,1]], \"min_area\": 0}]", "from 0.001 to 100" },
		{ "[{\"name\": \"a\", \"polygon\": [[0,0],[1,0],[1,1]], \"colour\": 1}]", "unknown \"colour\"" },
		{ "[{\"name\": \"a\", \"polygon\": [[0,0],[1,0],[1,1]]}, {\"name\": \"a\", \"polygon\": [[0,0],[1,0],[1,1]]}]",
		  "taken by another" },
	};
	struct zones zones;
	struct error error;
	for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
		assert_int_equal(parse(BAD[i].zones, "", &zones, &error), -EINVAL);
		if (!strstr(error.text, BAD[i].why))
			fail_msg("%s gave: %s", BAD[i].zones, error.text);
	}
	assert_int_equal(parse("", "[[[0,0],[1,1]]]", &zones, &error), -EINVAL);
	assert_non_null(strstr(error.text, "motion.ignore: polygon 1"));
}

static void test_64_zones_are_taken_and_65_are_not(void **state)
{
	(void)state;
	static char text[8192];
	struct zones zones;
	struct error error;
	for (int count = 64; count <= 65; count++) {
		size_t used = 0;
		for (int i = 0; i < count; i++)
			used += (size_t)snprintf(text + used, sizeof text - used,
			                         "%s{\"name\":\"z%d\",\"polygon\":[[0,0],[1,0],[1,1]]}", i ? "," : "[", i);
		snprintf(text + used, sizeof text - used, "]");
		assert_int_equal(parse(text, "", &zones, &error), count == 64 ? 0 : -EINVAL);
	}
	assert_non_null(strstr(error.text, "65"));
}

static void test_a_zone_that_is_all_ignored_is_refused(void **state)
{
	(void)state;
	struct zones zones;
	struct zone_map map;
	struct error error;
	assert_int_equal(parse(LEFT_RIGHT, "[[[0,0],[0.6,0],[0.6,1],[0,1]]]", &zones, &error), 0);
	assert_int_equal(zone_map_init(&map, &zones, 64, 48, &error), -EINVAL);
	assert_non_null(strstr(error.text, "\"left\""));
	assert_int_equal(parse(LEFT_RIGHT, "", &zones, &error), 0);
	assert_int_equal(zone_map_init(&map, &zones, 64, 48, &error), 0);
	assert_int_equal(map.cells[0], 32 * 48);
	assert_int_equal(map.cells[1], 32 * 48);
	zone_map_finish(&map);
}

static uint64_t zones_of_cell(const struct zone_map *map, int x, int y)
{
	uint64_t found = 0;
	for (int i = map->rows[y + 1] - 1; i >= map->rows[y] && map->ends[i] > x; i--)
		found = map->zones[i];
	return found;
}

static void test_zones_that_overlap_leave_each_cell_to_all_it_is_in(void **state)
{
	(void)state;
	struct zones zones;
	struct zone_map map;
	struct error error;
	int cells[3] = { 0 };
	assert_int_equal(parse("[{\"name\":\"left\",\"polygon\":[[0,0],[0.75,0],[0.75,1],[0,1]]},"
	                       "{\"name\":\"right\",\"polygon\":[[0.5,0],[1,0],[1,1],[0.5,1]]},"
	                       "{\"name\":\"corner\",\"polygon\":[[0,0],[1,0],[0,1]]}]",
	                       "[[[0.25,0.5],[0.375,0.5],[0.375,1],[0.25,1]]]", &zones, &error),
	                 0);
	assert_int_equal(zone_map_init(&map, &zones, 64, 48, &error), 0);
	for (int y = 0; y < 48; y++)
		for (int x = 0; x < 64; x++) {
			const bool is_ignored = x >= 16 && x < 24 && y >= 24;
			const bool is_in[] = { x < 48, x >= 32, (x + 0.5) / 64 + (y + 0.5) / 48 < 1 };
			const uint64_t found = zones_of_cell(&map, x, y);
			for (int i = 0; i < 3; i++) {
				assert_int_equal(found >> i & 1, !is_ignored && is_in[i]);
				cells[i] += !is_ignored && is_in[i];
			}
		}
	assert_memory_equal(map.cells, cells, sizeof cells);
	assert_int_equal(map.ends[map.rows[48] - 1], 64);
	zone_map_finish(&map);
}

static void test_a_thing_in_two_zones_counts_in_each_as_far_as_it_is_there(void **state)
{
	(void)state;
	struct motion_rig *rig = motion_rig_with(LEFT_RIGHT, "", 2, 1, 0);
	struct square thing = { .x = WIDTH / 2 - 10, .y = 40, .side = 16, .level = 130 };
	struct motion_zone left, right;
	rig_rest(rig, 30);
	assert_int_equal(rig_walk(rig, &thing, 2, 3), 2); /* six of its columns are left of the middle then */
	motion_zone(rig->motion, 0, &left);
	motion_zone(rig->motion, 1, &right);
	const uint8_t *mask = motion_mask(rig->motion);
	int cells[2] = { 0 };
	for (int i = 0; i < CELLS; i++)
		cells[i % WIDTH >= WIDTH / 2] += mask[i];
	assert_true(cells[0] > 0 && cells[1] > cells[0]);
	assert_int_equal(lround(left.score / 100 * (CELLS / 2)), cells[0]);
	assert_int_equal(lround(right.score / 100 * (CELLS / 2)), cells[1]);
	motion_rig_end(rig);
}

static void test_the_zone_that_is_walked_through_tells_and_the_other_does_not(void **state)
{
	(void)state;
	struct motion_rig *rig = motion_rig_with(LEFT_RIGHT, "", 2, 1, 0);
	struct square thing = { .x = 80, .y = 40, .side = 10, .level = 130 };
	struct motion_zone zone;
	rig_rest(rig, 30);
	assert_int_equal(rig_walk(rig, &thing, 2, 3), 2);
	assert_int_equal(rig->event_count, 1);
	assert_int_equal(rig->events[0].zone, 1);
	motion_zone(rig->motion, 0, &zone);
	assert_true(!zone.moving && zone.score == 0);
	motion_zone(rig->motion, 1, &zone);
	assert_true(zone.moving && zone.score > 0.8); /* of the zone, which is half */
	motion_rig_end(rig);
}

static void test_what_is_ignored_tells_nothing(void **state)
{
	(void)state;
	struct motion_rig *rig = motion_rig_with("", "[[[0,0.3],[1,0.3],[1,0.7],[0,0.7]]]", 2, 1, 0);
	struct square thing = { .x = 10, .y = 40, .side = 10, .level = 130 };
	rig_rest(rig, 30);
	assert_int_equal(rig_walk(rig, &thing, 2, 50), 0);
	thing = (struct square){ .x = 10, .y = 80, .side = 10, .level = 130 };
	assert_int_not_equal(rig_walk(rig, &thing, 2, 10), 0);
	motion_rig_end(rig);
}

static void test_sensitivity_0_sees_nothing_and_100_more_than_50(void **state)
{
	(void)state;
	static const int SENSITIVITIES[] = { 0, 1, 50, 100 };
	int found[4];
	for (int i = 0; i < 4; i++) {
		char zones[128];
		snprintf(zones, sizeof zones,
		         "[{\"name\": \"a\", \"polygon\": [[0,0],[1,0],[1,1],[0,1]], \"sensitivity\": %d}]", SENSITIVITIES[i]);
		struct motion_rig *rig = motion_rig_with(zones, "", 2, 1, 0);
		rig->noise = 0.2;
		rig_rest(rig, 60);
		found[i] = 0;
		for (double level = 200; level > 76; level -= 4) { /* on a wall made even */
			struct square thing = { .x = 10, .y = 40, .side = 12, .level = level };
			found[i] += rig_walk(rig, &thing, 2, 6) > 0;
			while (motion_stop(rig->motion, rig->now_ns, rig->events) > 0) {
			}
			rig_rest(rig, 30);
		}
		assert_int_equal(rig_rest(rig, 60), 0);
		motion_rig_end(rig);
	}
	assert_int_equal(found[0], 0);
	assert_true(found[2] >= found[1] && found[3] >= found[2] && found[2] > 0);
}

static void test_a_zone_rests_for_its_cooldown(void **state)
{
	(void)state;
	struct motion_rig *rig = motion_rig_with("", "", 2, 0.5, 5);
	int starts = 0;
	rig_rest(rig, 30);
	for (int i = 0; i < 3; i++) { /* two seconds and a half each */
		struct square thing = { .x = 10, .y = 40, .side = 10, .level = 130 };
		for (int frame = 0; frame < 10; frame++) {
			thing.x += 2;
			rig_feed(rig, &thing);
			starts += rig->event_count == 1 && rig->events[0].start;
		}
		rig_rest(rig, 15);
	}
	assert_int_equal(starts, 1);
	motion_rig_end(rig);
}

static void test_min_frames_are_waited_for(void **state)
{
	(void)state;
	for (int frames = 1; frames <= 5; frames++) {
		struct motion_rig *rig = motion_rig_with("", "", frames, 1, 0);
		struct square thing = { .x = 10, .y = 40, .side = 10, .level = 130 };
		rig_rest(rig, 30);
		assert_int_equal(rig_walk(rig, &thing, 2, 10), frames);
		motion_rig_end(rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_zones_there_is_one),
		cmocka_unit_test(test_a_zone_has_its_own_numbers),
		cmocka_unit_test(test_bad_zones_are_told_with_their_reason),
		cmocka_unit_test(test_64_zones_are_taken_and_65_are_not),
		cmocka_unit_test(test_a_zone_that_is_all_ignored_is_refused),
		cmocka_unit_test(test_zones_that_overlap_leave_each_cell_to_all_it_is_in),
		cmocka_unit_test(test_a_thing_in_two_zones_counts_in_each_as_far_as_it_is_there),
		cmocka_unit_test(test_the_zone_that_is_walked_through_tells_and_the_other_does_not),
		cmocka_unit_test(test_what_is_ignored_tells_nothing),
		cmocka_unit_test(test_sensitivity_0_sees_nothing_and_100_more_than_50),
		cmocka_unit_test(test_a_zone_rests_for_its_cooldown),
		cmocka_unit_test(test_min_frames_are_waited_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
