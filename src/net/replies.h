/* The words that answer an export job, to the letter of docs/protocol.md. Pure, but for the clock. Private to src/net.
 * Each returns a text that the caller frees, NULL without memory. */
#ifndef PASTCAM_NET_REPLIES_H
#define PASTCAM_NET_REPLIES_H

#include "export/jobs.h"

char *reply_save(const struct job *job);
char *reply_series(const struct job *job);
char *reply_window(const struct job *job, double save_before_s); /* pastStack that does not stack */
char *reply_stack(const struct job *job, double save_before_s);

/* One line of JSON about a picture that is sent as bytes, with its newline. camera: a good camera name, or "". */
struct chunk *reply_meta(const struct job *job, const char *camera);

#endif
