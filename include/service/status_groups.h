/* The groups of rows that src/service has (src/net and others have their own), each with the data that it wants.
 * src/pastcam/daemon_status.c adds them all. */
#ifndef PASTCAM_SERVICE_STATUS_GROUPS_H
#define PASTCAM_SERVICE_STATUS_GROUPS_H

#include "capture/capture.h"
#include "capture/recorder.h"
#include "export/jobs.h"
#include "export/retention.h"
#include "service/schedule.h"
#include "service/status.h"
#include "store/budget.h"
#include "store/frame_ring.h"

struct status_program_data {
	const char *camera_name; /* "": the only one */
	const char *note;        /* about the configuration; "" is none */
};
extern const struct status_group status_program;

struct status_capture_data {
	struct capture *capture;
	struct frame_ring *ring;
};
extern const struct status_group status_capture; /* camera, ring, night */

extern const struct status_group status_motion; /* struct motion_watch; NULL: there is none */
struct motion_watch_status;
const char *motion_state_text(const struct motion_watch_status *motion); /* as `status` calls it */

extern const struct status_group status_exports;   /* struct jobs */
extern const struct status_group status_automatic; /* struct schedule, or NULL: there are none */
extern const struct status_group status_storage;   /* struct retention */

struct status_video_data {
	struct video *video; /* NULL: there is none, nor of the others */
	struct packet_ring *packets;
	struct recorder *recorder;
};
extern const struct status_group status_video; /* video, clips */

struct status_memory_data {
	const struct budget *budget;
	struct capture *capture;
};
extern const struct status_group status_memory;

extern const struct status_group status_process; /* int64_t: monotonic moment of the start. The clock, the log */

#endif
