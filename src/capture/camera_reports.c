#include "camera_reports.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"

#define UNREADABLE_EVERY_NS (60 * CLOCK_NS_PER_S)

void camera_reports_up(struct camera_reports *reports, const struct camera_description *camera)
{
	log_info("Camera: %s, %dx%d %s%s%s", camera->model, camera->width, camera->height, camera->format,
	         camera->adjusted[0] ? "; " : "", camera->adjusted);
	if (camera->refused[0])
		log_warning("Camera: %s", camera->refused);
	if (camera->second[0])
		log_info("Camera: a second picture of %s comes with each frame", camera->second);
	if (camera->second_refused[0])
		log_warning("Camera: no second picture (camera.second): %s. Motion looks at the frames",
		            camera->second_refused);
	struct event event = { .type = EVENT_CAMERA_UP };
	event_set_text(event.label, sizeof event.label, camera->model);
	event_log_publish(reports->events, &event);
}

void camera_reports_trouble(struct camera_reports *reports, const struct camera_status *camera)
{
	if (!reports->trouble.active) {
		struct event event = { .type = EVENT_CAMERA_DOWN };
		event_set_text(event.reason, sizeof event.reason, camera->trouble);
		event_log_publish(reports->events, &event);
	}
	log_fault_begin(&reports->trouble, "Camera: %s. Capture goes on when it is back; the past is kept",
	                camera->trouble);
}

void camera_reports_recovered(struct camera_reports *reports)
{
	log_fault_end(&reports->trouble, "Camera: frames come again");
}

/* Each file is told of by its name, once; of a camera's pictures, which may be one like another, only so often. */
void camera_reports_unreadable(struct camera_reports *reports, const struct camera_status *camera)
{
	int64_t now_ns = clock_now_ns();
	if (camera->description.plays_files) {
		log_warning("Replay: %s. It is left out", camera->unreadable_reason);
		return;
	}
	if (reports->unreadable_told_ns != 0 && now_ns - reports->unreadable_told_ns < UNREADABLE_EVERY_NS)
		return;
	reports->unreadable_told_ns = now_ns;
	log_warning("Camera: a picture cannot be shown and is left out (%" PRIu64 " so far): %s", camera->unreadable,
	            camera->unreadable_reason);
}

void camera_reports_rejected(struct camera_reports *reports, const struct camera_description *camera,
                             const struct image *image)
{
	if (image->width == camera->width && image->height == camera->height)
		log_fault_begin(&reports->wrong_size, "No memory to take in pictures of %dx%d: they are left out", image->width,
		                image->height);
	else
		log_fault_begin(&reports->wrong_size,
		                "The camera delivered a picture of %dx%d where %dx%d was agreed: not taken in. If it stays so, "
		                "set camera.width and camera.height to what the camera can do",
		                image->width, image->height, camera->width, camera->height);
}

void camera_reports_fits(struct camera_reports *reports)
{
	log_fault_end(&reports->wrong_size, "The camera's pictures have the agreed size again");
}

void camera_reports_pace(struct camera_reports *reports, const struct pace *pace,
                         const struct camera_description *camera, int64_t interval_ns,
                         char why[CAMERA_REPORTS_WHY_BYTES])
{
	why[0] = '\0';
	if (pace->own_ns == 0) {
		log_fault_end(&reports->too_dear, "All frames are taken again: one takes %.1f ms of processor time",
		              pace->cost_ns / CLOCK_NS_PER_MS);
		return;
	}
	snprintf(why, CAMERA_REPORTS_WHY_BYTES,
	         "a frame of %dx%d %s takes %.1f ms of processor time, more than %.0f %% of the %.1f ms that it has",
	         camera->width, camera->height, camera->format, pace->cost_ns / CLOCK_NS_PER_MS, PACE_SHARE_MOST * 100,
	         (double)interval_ns / CLOCK_NS_PER_MS);
	log_fault_begin(
	    &reports->too_dear,
	    "Capture takes %.1f frames a second at most: %s. Make the pictures smaller, or camera.framerate lower",
	    (double)CLOCK_NS_PER_S / (double)pace->own_ns, why);
}
