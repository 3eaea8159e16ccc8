/* `pastcam seal-key` and `pastcam sign-key`: keys for sealed recordings, and for signed ones. */
#ifndef PASTCAM_PASTCAM_SEAL_KEY_H
#define PASTCAM_PASTCAM_SEAL_KEY_H

#include "base/error.h"

/* The secret half goes into the new file path, for its owner only, or to standard output where path is NULL, as
 * `age -d -i` reads it; what to do with both halves is told. -EEXIST: path is there already. */
int seal_key_make(const char *path, struct error *error);

/* A key that signs, into the new file path, for its owner only; its public half is told. -EEXIST, as above. */
int sign_key_create(const char *path, struct error *error);

#endif
