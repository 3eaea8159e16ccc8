/* Secrets are in files: a password, a key. */
#ifndef PASTCAM_HUB_SECRET_H
#define PASTCAM_HUB_SECRET_H

#include <stddef.h>

#include "base/error.h"

enum { SECRET_BYTES = 512 };

/* The first line of a file that is not open to everybody. option names it in the reason. -EACCES, -EINVAL when there is
 * none, -errno. */
int secret_read(const char *option, const char *path, char secret[SECRET_BYTES], struct error *error);

#endif
