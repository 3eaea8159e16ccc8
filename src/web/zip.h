/* A ZIP of files as they are, without compression (pictures and videos are compressed already), written while it is
 * read. Sizes over 4 GiB are not for it. */
#ifndef PASTCAM_WEB_ZIP_H
#define PASTCAM_WEB_ZIP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct zip;

enum { ZIP_FILES_MAX = 200 };

/* folder: a descriptor that zip takes over. names: with commas between. NULL: no memory, or no or too many names. */
struct zip *zip_create(int folder, const char *names);
void zip_destroy(struct zip *zip);

/* The next bytes; 0 at the end, -errno. Files that have gone in the meantime are left out. */
ssize_t zip_read(struct zip *zip, char *buffer, size_t room);

#endif
