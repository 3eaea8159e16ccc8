/* The event loop of a service that holds no camera: it ends with SIGTERM or SIGINT, and tells systemd's watchdog, where
 * there is one, that it goes round. */
#ifndef PASTCAM_BASE_LOOP_SERVICE_H
#define PASTCAM_BASE_LOOP_SERVICE_H

#include "base/loop.h"

/* Blocks both signals in this thread and those that it starts later, and ignores SIGPIPE; once, before other threads
 * are there. What it opens lasts as long as the process. 0 or -errno. */
int loop_serve(struct loop *loop, struct error *error);

#endif
