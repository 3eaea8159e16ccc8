/*
 * A moment as people write it after `at=`: seconds back (-5, -0.5, 0), `now`, seconds since 1970 (1795256095.358), or
 * ISO 8601 (2026-11-26T10:15:00.5+01:00; a zone that is left out is UTC). Pure.
 */
#ifndef PASTCAM_NET_MOMENT_H
#define PASTCAM_NET_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct moment {
	bool wall;  /* ns counts from 1970, else back from when it is asked */
	int64_t ns; /* 0 and up */
};

/* Back at most; a wall time lies between 1973 and 2200. */
#define MOMENT_BACK_MOST_S 1000000

/* -EINVAL with what to write instead. */
int moment_parse(const char *text, struct moment *moment, struct error *error);

/* On the monotonic clock; asked_ns: when it was asked, and the wall clock then. */
int64_t moment_monotonic_ns(const struct moment *moment, int64_t asked_ns, int64_t asked_wall_ns);

/* Digits, and after a point up to nine more, as nanoseconds: "5", "0.25". Returns where they end, NULL when there are
 * none, more than max_digits before the point, or more than 292 years of seconds. The same in every locale. */
const char *moment_parse_decimal(const char *text, int max_digits, int64_t *ns);

#endif
