/* Sends one line to a camera's daemon for a request, gathers the reply, and hands it on. */
#ifndef PASTCAM_WEB_ASK_H
#define PASTCAM_WEB_ASK_H

#include "cameras.h"
#include "line.h"

struct ask_reply {
	const char *text; /* JSON before bytes, or all lines there are, with \n between; "" when none came */
	void *bytes;      /* of turns_hold, or NULL; set it to NULL to keep it */
	size_t byte_count;
};

/* Called unless the daemon refused or failed, which is answered already. */
typedef void (*ask_done)(struct request *request, struct ask_reply *reply);

/* The answer comes later, when others who ask have had their turn (turns.h); a daemon that is busy is asked again.
 * frames: the reply is a line of JSON and bytes (`get … meta`), else one line. timeout_s: until the first byte of the
 * reply. */
void ask_camera(struct request *request, const struct camera *camera, const char *line, bool frames, double timeout_s,
                ask_done done);

/* True, and answered, when a line of a daemon says that it did not do it. */
bool ask_is_refused(struct request *request, const char *line);

#endif
