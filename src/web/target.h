/*
 * What a request names: a path and parameters, decoded strictly. Percent signs are decoded once; a byte that could mean
 * something to a file system, a log or a line of the protocol (controls, encoded slashes, `.` and `..` as segments,
 * invalid UTF-8) makes the whole target invalid. Pure.
 */
#ifndef PASTCAM_WEB_TARGET_H
#define PASTCAM_WEB_TARGET_H

#include <stddef.h>

#include "base/error.h"

enum { TARGET_BYTES = 2048, TARGET_PARAMETERS = 16 };

struct target {
	char text[TARGET_BYTES]; /* all others point into it */
	const char *path;        /* begins with a slash */
	size_t count;
	struct {
		const char *name, *value; /* value is "" in `?name` and `?name=` */
	} parameters[TARGET_PARAMETERS];
};

/* text: as it stands in the request line, "/at/-5.jpg?width=320". -EINVAL, with what is wrong in error. */
int target_parse(struct target *target, const char *text, struct error *error);

/* The first value of that name, or NULL. */
const char *target_value(const struct target *target, const char *name);

/* -EINVAL when a parameter is none of names (words with spaces between), or is given twice. */
int target_check_names(const struct target *target, const char *names, struct error *error);

/* A whole number from least to most, or as value was where the parameter is absent. -EINVAL with the range in error. */
int target_number(const struct target *target, const char *name, long least, long most, long *value,
                  struct error *error);

#endif
