/* The status of cameras as OpenMetrics (github.com/prometheus/OpenMetrics, 1.0), with the kinds, units and words of the
 * status table. Pure. */
#ifndef PASTCAM_WEB_OPENMETRICS_H
#define PASTCAM_WEB_OPENMETRICS_H

#include <stddef.h>
#include <stdio.h>

struct openmetrics_camera {
	const char *name;
	const char *status; /* the JSON of `status`; NULL: it did not answer */
};

/* rows: the JSON of `status rows`; NULL: only pastcam_up is written. Units become base units: seconds and bytes.
 * Without the closing # EOF. */
void openmetrics_write(FILE *out, const char *rows, const struct openmetrics_camera *cameras, size_t count);

#endif
