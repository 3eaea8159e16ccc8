/* What the daemon consists of, and how it comes and goes. Private to daemon.c and daemon_make.c. */
#ifndef PASTCAM_PASTCAM_DAEMON_PARTS_H
#define PASTCAM_PASTCAM_DAEMON_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fsio.h"
#include "base/loop.h"
#include "base/pool.h"
#include "base/thread.h"
#include "capture/recorder.h"
#include "config/config.h"
#include "export/manifest.h"
#include "export/seal.h"
#include "net/commands.h"
#include "service/memory_guard.h"
#include "service/motion_clips.h"
#include "service/requests.h"
#include "service/schedule.h"
#include "service/status_groups.h"
#include "store/budget.h"
#include "store/event_log.h"

struct daemon {
	const struct config *config;
	char *base_dir; /* absolute */

	struct loop *loop; /* capture's: this thread */
	struct event_log *events;
	struct pool *pool;
	struct camera *camera;
	struct budget budget;              /* shown by `status` */
	struct seal_recipients recipients; /* of all files that are written */
	struct manifest manifest_of;       /* where manifest points to */
	struct manifest *manifest;         /* NULL: nothing is signed */
	char exits_folder[FSIO_PATH_BYTES];
	struct frame_ring *ring, *full_ring;
	struct retention *retention;
	struct jobs *jobs;
	struct motion_watch *motion; /* NULL: motion is not looked for */
	int zones_moving;            /* capture thread's */
	struct motion_try *motion_try;
	struct motion_export *motion_export; /* NULL: no pictures of motion */
	struct motion_clips *motion_clips;   /* NULL: no clips of motion */
	struct capture *capture;
	struct requests requests;
	struct packet_ring *packets; /* NULL: no video */
	struct video *video;
	struct recorder *recorder;
	struct schedule *autosave;

	struct loop *control; /* the control thread's */
	struct server *server;
	struct loop_watch *zone_timer;
	struct pins *pins;
	struct commands commands;
	struct status status;
	struct status_capture_data status_of_capture;
	struct status_memory_data status_of_memory;
	struct status_video_data status_of_video;
	struct status_program_data status_of_program;
	int64_t started_ns;
	struct thread control_thread;

	int signals; /* signalfd */
	struct loop_watch *signal_watch, *second_timer, *watchdog_timer, *stop_timer;
	struct memory_guard memory_guard;
	int64_t stop_begun_ns;
	bool started; /* a second ago */
	bool stopping;
	int exit_code;
	void (*camera_lost)(void *data);
};

/* Measures the machine and divides its memory among all claims (memory_plan.c), once the camera has its buffers.
 * -ENOMEM when not even the least of them fits. */
int daemon_make_budget(struct daemon *daemon, struct error *error);

/* Where exits for memory are remembered: the runtime folder, or one of the camera's own in it. NULL: nowhere. */
const char *daemon_exits_folder(struct daemon *daemon);

/* Packet ring, encoder's thread and recorder (daemon_video.c), after the jobs and before the capture. Where there is no
 * video, by configuration or for want of memory, they stay NULL. */
int daemon_make_video(struct daemon *daemon, struct error *error);
void daemon_unmake_video(struct daemon *daemon);

/* The packets of which pictures are made; NULL: none. */
struct packet_ring *daemon_decoded_packets(const struct daemon *daemon);

/* Adds what they want to the budget. */
void daemon_claim_video(const struct config *config, struct budget *budget);

/* Makes all parts, in the order in which they need each other; -errno with half of them made. camera_lost: see
 * capture.h. */
int daemon_make(struct daemon *daemon, void (*camera_lost)(void *data), struct error *error);

/* Lists what `status` tells (daemon_status.c), when all parts are there. */
void daemon_fill_status(struct daemon *daemon);

/* Ends the control thread; commands that came before it are answered by server_close. Again is fine. */
void daemon_stop_control(struct daemon *daemon);

/* Takes down whatever was made. */
void daemon_unmake(struct daemon *daemon);

#endif
