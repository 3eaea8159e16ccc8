/* A folder of a test's own, under $TMPDIR or /tmp. */
#ifndef PASTCAM_TEST_SCRATCH_H
#define PASTCAM_TEST_SCRATCH_H

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCRATCH_BYTES = 512 };

static inline int scratch_remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
	(void)status, (void)kind, (void)place;
	return remove(path);
}

static inline void scratch_make(char folder[SCRATCH_BYTES])
{
	const char *parent = getenv("TMPDIR");
	int length = snprintf(folder, SCRATCH_BYTES, "%s/pastcam-test-XXXXXX", parent != NULL ? parent : "/tmp");
	if (length >= SCRATCH_BYTES || mkdtemp(folder) == NULL)
		abort();
}

static inline void scratch_remove(const char *folder)
{
	nftw(folder, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Entries of folder, hidden ones too; -1 when there is no such folder. */
static inline int scratch_count(const char *folder)
{
	int count = 0;
	DIR *listing = opendir(folder);
	if (listing == NULL)
		return -1;
	for (struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing))
		count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	closedir(listing);
	return count;
}

#endif
