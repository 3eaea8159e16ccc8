/* What is said of the camera, in the log and as events: what it is, its troubles and their end, what it sends that
 * cannot be taken. The capture thread's. */
#ifndef PASTCAM_CAPTURE_CAMERA_REPORTS_H
#define PASTCAM_CAPTURE_CAMERA_REPORTS_H

#include "base/log.h"
#include "camera/camera.h"
#include "pace.h"
#include "store/event_log.h"

enum { CAMERA_REPORTS_WHY_BYTES = 192 };

struct camera_reports {
	struct event_log *events; /* NULL is fine */

	/* private */
	struct log_fault trouble, wrong_size, too_dear;
	int64_t unreadable_told_ns; /* monotonic; 0: never */
};

/* The camera is there, for the first time or again. */
void camera_reports_up(struct camera_reports *reports, const struct camera_description *camera);

void camera_reports_trouble(struct camera_reports *reports, const struct camera_status *camera);
void camera_reports_recovered(struct camera_reports *reports);

void camera_reports_unreadable(struct camera_reports *reports, const struct camera_status *camera);

/* A picture that is not taken in, and the first one that is again. */
void camera_reports_rejected(struct camera_reports *reports, const struct camera_description *camera,
                             const struct image *image);
void camera_reports_fits(struct camera_reports *reports);

/* Capture paces itself for what a frame costs, or does so no longer: why, or "". interval_ns: what a frame has. */
void camera_reports_pace(struct camera_reports *reports, const struct pace *pace,
                         const struct camera_description *camera, int64_t interval_ns,
                         char why[CAMERA_REPORTS_WHY_BYTES]);

#endif
