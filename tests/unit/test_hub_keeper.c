/* The keeper of the files, which works beside the store. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "hub/keeper.h"
#include "hub_rig.h"

enum { BATCHES = 1000, TURN_MS = 20, TURNS_MOST = 1500 };

static void make_old_file(const char *name)
{
	char path[SCRATCH_BYTES + 64];
	const struct timespec long_ago[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
	snprintf(path, sizeof path, "%s/%s", rig.folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(utimensat(AT_FDCWD, path, long_ago, 0), 0);
}

static int64_t found(void)
{
	return sql_number(store_sql(rig.store), "SELECT count(*) FROM events WHERE id LIKE 'file-%'", -1);
}

/* What is asked for while many batches are told of is done all the same. */
static void test_a_search_that_many_batches_come_before_is_made(void **state)
{
	(void)state;
	struct error error = { 0 };
	struct folders folders = { .count = 1 };
	snprintf(folders.at[0].path, sizeof folders.at[0].path, "%s", rig.folder);
	strcpy(folders.at[0].camera, "yard");
	make_old_file("yard_20261121_101500_f00000052.jpg");
	struct keeper *keeper = keeper_create(rig.folder, &folders, &error);
	assert_non_null(keeper);
	for (int i = 0; i < BATCHES; i++)
		keeper_batch_written(keeper);
	keeper_scan(keeper);
	for (int turn = 0; found() == 0 && turn < TURNS_MOST; turn++)
		hub_rig_run_ms(&rig, TURN_MS);
	assert_int_equal(found(), 1);
	keeper_destroy(keeper);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_search_that_many_batches_come_before_is_made, make_rig, finish_rig),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
