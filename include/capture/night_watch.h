/* Carries out what the night controller decides: feeds it the frames, sets the camera's exposure, logs and counts the
 * switches. On the capture thread. */
#ifndef PASTCAM_CAPTURE_NIGHT_WATCH_H
#define PASTCAM_CAPTURE_NIGHT_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "camera/camera.h"
#include "detect/night.h"
#include "detect/settling.h"
#include "media/frame.h"
#include "store/event_log.h"

struct night_watch_status {
	bool enabled, night;
	double light, level; /* see night.h */
	double dark_threshold;
	int rung;
	int64_t exposure_us;               /* asked for at night */
	uint64_t switches, switches_today; /* today: local date */
	int64_t last_switch_ns;            /* monotonic; 0: never */
	double last_gap_ms, worst_gap_ms;  /* time without frames at a switch or a step, beyond what the exposures take */
};

struct night_watch {
	struct night night;
	struct settling settling; /* after the last switch to day */
	struct camera *camera;
	struct event_log *events;
	struct camera_mode mode; /* asked of the camera last */
	/* A frame is marked by its own exposure, not by what was asked meanwhile: */
	bool night_frames;       /* the frames that come now were taken with the night's exposure */
	int frames_since_switch; /* that came since the mode changed from the one to the other */
	int64_t asked_ns;        /* when it did, monotonic */
	struct frame_info previous;
	double framerate;
	uint64_t switches, switches_today;
	char day[16];
	int64_t last_switch_ns;
	int64_t previous_ns, previous_interval_ns; /* of the frame before */
	bool changed;                              /* the mode was, after the frame before */
	double last_gap_ms, worst_gap_ms;
};

/* events: told of each switch; NULL is fine. */
void night_watch_init(struct night_watch *watch, const struct night_params *params, struct camera *camera,
                      struct event_log *events, double framerate);

/* Tells the controller what the camera can expose; each time the camera was opened. */
void night_watch_camera(struct night_watch *watch, const struct camera_description *camera);

/* Looks at a frame that was just taken in, and marks it as a night frame or not. */
void night_watch_frame(struct night_watch *watch, struct frame *frame);

/* By day from now on; 0: as at the start. Asks the camera, if that is another rate. */
void night_watch_set_framerate(struct night_watch *watch, double framerate);

/* How long the next frame takes, by what was asked of the camera. */
int64_t night_watch_interval_ns(const struct night_watch *watch);

void night_watch_status(const struct night_watch *watch, struct night_watch_status *status);

#endif
