#include "retention_rig.h"

static void test_the_filesystem_beneath_is_refused(void **state)
{
	(void)state;
	struct disk disk = { 0 };
	struct stat status;
	struct error error = { 0 };
	char later[128];
	snprintf(later, sizeof later, "%s/later", folder);
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(disk_check(&disk, later, "/dev/null", &error), 1);
	assert_int_equal(disk.device, status.st_dev);
	assert_int_equal(disk_check(&disk, later, "/dev/null", &error), 0);
	/* As if it had been on a drive mounted over this very filesystem. */
	disk = (struct disk){ .known = true, .device = ~status.st_dev, .beneath_count = 1, .beneath = { status.st_dev } };
	assert_int_equal(disk_check(&disk, later, "/dev/null", &error), -EXDEV);
	assert_non_null(strstr(error.text, "went away"));
	assert_int_equal(disk_check(&disk, folder, "/dev/null", &error), -EXDEV);
	/* And as if one drive were swapped for another. */
	disk.beneath[0] = ~status.st_dev;
	assert_int_equal(disk_check(&disk, folder, "/dev/null", &error), 1);
	assert_int_equal(disk_check(&disk, folder, "/dev/null", &error), 0);
}

static void write_table(const char *text)
{
	int file = openat(fd, "fstab", O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_int_equal(fsio_write(file, text, strlen(text)), 0);
	close(file);
}

static void test_a_mount_point_of_fstab_must_be_mounted(void **state)
{
	(void)state;
	struct disk disk = { 0 };
	struct error error = { 0 };
	char table[128], text[512], pictures[128];
	snprintf(table, sizeof table, "%s/fstab", folder);
	snprintf(pictures, sizeof pictures, "%s/usb/pictures", folder);
	snprintf(text, sizeof text, "# comment\nUUID=1 / ext4 defaults 0 1\nUUID=2 %s/usb ext4 nofail 0 2\n", folder);
	write_table(text);
	for (int made = 0; made < 3; made++) {
		assert_int_equal(disk_check(&disk, pictures, table, &error), -EXDEV);
		assert_non_null(strstr(error.text, "is not there"));
		assert_false(disk.known);
		assert_int_equal(mkdirat(fd, made == 0 ? "usb" : made == 1 ? "usb/pictures" : "usb-other", 0755), 0);
	}
	snprintf(pictures, sizeof pictures, "%s/usb-other", folder);
	assert_int_equal(disk_check(&disk, pictures, table, &error), 1);
	disk = (struct disk){ 0 };
	write_table("proc /proc proc defaults 0 0\n");
	assert_int_equal(disk_check(&disk, "/proc/self", table, &error), 1);
}

static struct retention_status wait_for_pictures(struct retention *retention, uint64_t count)
{
	struct retention_status status = { 0 };
	for (int i = 0; i < 3000; i++) {
		retention_status(retention, &status);
		if (status.total_bytes >= 0 && status.pictures == count)
			return status;
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	}
	fail_msg("%d pictures were left where %d were expected", (int)status.pictures, (int)count);
	return status;
}

static void test_the_whole_of_it(void **state)
{
	(void)state;
	dev_t device;
	struct stat here;
	struct error error = { 0 };
	for (unsigned i = 0; i < 10; i++)
		put(name_of(i), clock_wall_ns() - DAY_NS + i * S);
	put(FSIO_TEMPORARY_PREFIX "12-ab", NOW_NS);
	struct retention_params params = { .base_dir = folder, .max_total_bytes = 4 * disk_bytes(name_of(0)) };
	struct retention *retention = retention_create(&params, &error);
	assert_non_null(retention);
	struct retention_status status = wait_for_pictures(retention, 4);
	assert_int_equal(status.deleted, 6);
	assert_int_equal(status.total_bytes, params.max_total_bytes);
	assert_int_equal(status.deleted_bytes, 6 * disk_bytes(name_of(9)));
	assert_true(status.free_bytes > 0);
	assert_false(there(FSIO_TEMPORARY_PREFIX "12-ab"));
	assert_int_equal(retention_gate(retention, &device, &error), 0);
	assert_int_equal(stat(folder, &here), 0);
	assert_int_equal(device, here.st_dev);
	retention_destroy(retention);
	assert_true(there(name_of(9)));
	assert_false(there(name_of(0)));
}

static void test_a_relative_folder_is_kept_apart_from_later_moves(void **state)
{
	(void)state;
	char before[FSIO_PATH_BYTES];
	dev_t device;
	struct error error = { 0 };
	assert_non_null(getcwd(before, sizeof before));
	assert_int_equal(chdir(folder), 0);
	put(name_of(0), NOW_NS);
	struct retention *retention = retention_create(&(struct retention_params){ .base_dir = "." }, &error);
	assert_non_null(retention);
	assert_int_equal(chdir(before), 0);
	wait_for_pictures(retention, 1);
	assert_int_equal(retention_gate(retention, &device, &error), 0);
	retention_destroy(retention);
	retention_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_DISK(test_the_filesystem_beneath_is_refused),
		ON_DISK(test_a_mount_point_of_fstab_must_be_mounted),
		ON_DISK(test_the_whole_of_it),
		ON_DISK(test_a_relative_folder_is_kept_apart_from_later_moves),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
