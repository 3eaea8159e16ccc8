/* Composes the modules as the configuration says, runs them, and takes them down again. */
#ifndef PASTCAM_PASTCAM_DAEMON_H
#define PASTCAM_PASTCAM_DAEMON_H

#include <stdio.h>

#include "config/config.h"

/* First of all, before any thread is there: a stop signal that finds a thread without this mask kills the process. */
void daemon_block_signals(void);

/* Runs until SIGTERM or SIGINT (or a reason of its own) and returns the process's exit code, see error.h. note: shown
 * in `status`; "" is none. */
int daemon_run(const struct config *config, const char *note);

/* The page docs/status.md. */
void daemon_status_reference(FILE *out);

#endif
