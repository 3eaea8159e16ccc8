/* The hub as a service: what it is made of, and how its parts tell each other. */
#ifndef PASTCAM_HUB_DAEMON_H
#define PASTCAM_HUB_DAEMON_H

#include "hub.h"

/* Runs until SIGTERM or SIGINT. The exit code of the process; what went wrong is logged. */
int daemon_run(struct hub *hub);

#endif
