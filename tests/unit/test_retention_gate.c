#include <pthread.h>
#include <stdatomic.h>
#include <sys/statvfs.h>

#include "retention_rig.h"

enum { BLOCK_BYTES = 4096, MIN_FREE_BYTES = 16 * BLOCK_BYTES, PICTURES = 40, LOW_LOOKS = 3 };
#define NAME "20250101_120000_f%08u.jpg"

static pthread_t exporter;
static atomic_int housekeeper; /* its thread's number */
static atomic_int looks;       /* how often the exporter has asked for the disk's room */
static atomic_int gone = -1;   /* pictures deleted until its last look */

static int count_gone(void)
{
	char name[SCAN_NAME_BYTES];
	int count = 0;
	for (unsigned i = 0; i < PICTURES; i++) {
		snprintf(name, sizeof name, NAME, i);
		count += faccessat(fd, name, F_OK, 0) != 0;
	}
	return count;
}

/* Waits until housekeeping sleeps: its pass is over. */
static void wait_for_pass(void)
{
	char path[64], state = 'R';
	snprintf(path, sizeof path, "/proc/self/task/%d/stat", atomic_load(&housekeeper));
	while (state != 'S') {
		FILE *file = fopen(path, "r");
		assert_non_null(file);
		assert_int_equal(fscanf(file, "%*d (%*[^)]) %c", &state), 1);
		fclose(file);
	}
}

/* A disk that others fill as fast as it is emptied: the exporter finds no room at its first LOW_LOOKS looks, and
 * housekeeping one picture too many after each of them. */
int fstatvfs(int descriptor, struct statvfs *status)
{
	(void)descriptor;
	int64_t free_bytes = MIN_FREE_BYTES;
	if (pthread_equal(pthread_self(), exporter)) {
		if (atomic_load(&housekeeper) != 0)
			wait_for_pass();
		atomic_store(&gone, count_gone());
		free_bytes = atomic_fetch_add(&looks, 1) < LOW_LOOKS ? BLOCK_BYTES : 1024 * MIB;
	} else {
		atomic_store(&housekeeper, gettid());
		free_bytes -= count_gone() <= atomic_load(&gone) ? BLOCK_BYTES : 0;
	}
	*status = (struct statvfs){ .f_bsize = BLOCK_BYTES, .f_frsize = BLOCK_BYTES };
	status->f_blocks = 1 << 24;
	status->f_bfree = status->f_bavail = (fsblkcnt_t)(free_bytes / BLOCK_BYTES);
	return 0;
}

static void test_a_deletion_that_was_not_enough_is_followed_by_another(void **state)
{
	(void)state;
	dev_t device;
	struct error error = { 0 };
	for (unsigned i = 0; i < PICTURES; i++) {
		char name[SCAN_NAME_BYTES];
		snprintf(name, sizeof name, NAME, i);
		put(name, clock_wall_ns() - DAY_NS + i * S);
	}
	exporter = pthread_self();
	const struct retention_params params = { .base_dir = folder, .min_free_bytes = MIN_FREE_BYTES };
	struct retention *retention = retention_create(&params, &error);
	assert_non_null(retention);
	atomic_store(&looks, 0);
	int result = retention_gate(retention, &device, &error);
	if (result < 0)
		fail_msg("%s", error.text);
	assert_int_equal(atomic_load(&looks), LOW_LOOKS + 1);
	assert_in_range(count_gone(), LOW_LOOKS, PICTURES);
	retention_destroy(retention);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_deletion_that_was_not_enough_is_followed_by_another, make_folder,
		                                remove_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
