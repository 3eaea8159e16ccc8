/* Files in a scratch folder, for the tests of fsio*.c. */
#ifndef PASTCAM_TEST_FSIO_RIG_H
#define PASTCAM_TEST_FSIO_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/fsio.h"
#include "scratch.h"

static char folder[SCRATCH_BYTES];

static inline void path_of(char path[FSIO_PATH_BYTES], const char *name)
{
	assert_true(snprintf(path, FSIO_PATH_BYTES, "%s/%s", folder, name) < FSIO_PATH_BYTES);
}

static inline void assert_content(const char *name, const char *content)
{
	char path[FSIO_PATH_BYTES], text[256];

	path_of(path, name);
	assert_int_equal(fsio_read_small(path, text, sizeof text), (ssize_t)strlen(content));
	assert_string_equal(text, content);
}

static inline void put_file(const char *name, const char *content)
{
	char path[FSIO_PATH_BYTES];

	path_of(path, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(content, file);
	fclose(file);
}

#endif
