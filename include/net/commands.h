/*
 * The commands of the line protocol: one table of name, handler and help. Handlers run on the control thread; they
 * answer at once from snapshots, ask for pictures whose answer follows, or become streams.
 */
#ifndef PASTCAM_NET_COMMANDS_H
#define PASTCAM_NET_COMMANDS_H

#include <stdbool.h>
#include <stdint.h>

#include "net/server.h"
#include "service/motion_try.h"
#include "service/pins.h"
#include "service/requests.h"
#include "service/status.h"
#include "store/event_log.h"

struct live;
struct line_streams;

struct packet_ring;
struct recorder;
struct video_streams;

struct commands {
	/* what a request leaves open */
	unsigned formats; /* set of enum export_format */
	double save_before_s;
	bool stack_dark_frames;
	int stack_count;
	enum stack_mode stack_mode;
	const char *camera; /* its name; "" is the only one */

	/* whom to ask; all outlive this */
	struct loop *loop; /* the control thread's */
	struct server *server;
	struct requests *requests;
	struct pins *pins;
	struct event_log *events;
	struct motion_watch *motion; /* or NULL */
	struct motion_try *motion_try;
	struct recorder *recorder;           /* NULL: no video */
	struct packet_ring *packets;         /* NULL likewise */
	struct video_streams *video_streams; /* NULL likewise */
	bool clip_on_trigger;
	const struct status *status;

	/* made by commands_start */
	struct live *live;
	struct line_streams *event_streams, *log_streams;
	struct loop_watch *pins_timer;
};

/* Makes what streams need. -ENOMEM, -errno. The loop must not run yet. */
int commands_start(struct commands *commands, struct error *error);
/* When the loop has ended, before the capture goes. Not started is fine. */
void commands_stop(struct commands *commands);
/* After the server is closed and no export runs. Not started is fine. */
void commands_finish(struct commands *commands);

/* A server_line: data is the struct commands. */
void commands_run(void *data, server_ticket ticket, char *line);

#endif
