/* `pastcam ask LINE`: one line to a running pastcam, for people without nc. */
#ifndef PASTCAM_PASTCAM_ASK_H
#define PASTCAM_PASTCAM_ASK_H

#include "config/config.h"

enum { ASK_FAILED = 1, ASK_UNREACHABLE = 3 }; /* exit codes, beside 0 and EXIT_CONFIG */

/* Asks the camera config->name through its socket in network.socket_dir, else through the port on this machine, with
 * the token. Copies the reply to standard output as it comes; one that tells of a failure goes to standard error, so
 * that no picture file gets it. Returns an exit code. */
int ask_run(const struct config *config, const char *line);

#endif
