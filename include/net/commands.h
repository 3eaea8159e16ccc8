/*
 * The trigger commands: one table of name, handler and help. Handlers run on the control thread; they answer at once
 * from snapshots, or pin frames and hand a job to the export workers, whose answer follows.
 */
#ifndef PASTCAM_NET_COMMANDS_H
#define PASTCAM_NET_COMMANDS_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/capture.h"
#include "export/jobs.h"
#include "export/retention.h"
#include "net/server.h"
#include "service/motion_try.h"
#include "service/status.h"
#include "store/frame_ring.h"

struct commands {
	/* what a request leaves open */
	unsigned formats; /* set of enum export_format */
	double save_before_s;
	bool stack_dark_frames;
	int stack_count;
	enum stack_mode stack_mode;

	/* whom to ask; all outlive this */
	struct server *server;
	struct capture *capture;
	struct motion_watch *motion; /* or NULL */
	struct motion_try *motion_try;
	struct jobs *jobs;
	struct frame_ring *ring;
	struct frame_ring *full_ring; /* or NULL */
	struct retention *retention;

	const struct status *status;
	double framerate;
};

/* A server_line: data is the struct commands. */
void commands_run(void *data, server_ticket ticket, char *line);
#endif
