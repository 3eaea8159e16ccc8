/*
 * A UNIX socket in the filesystem that its own process alone removes. A lock file beside it, held as long as the socket
 * is served, tells a live one from one that a killed process has left behind.
 */
#ifndef PASTCAM_NET_SOCKET_FILE_H
#define PASTCAM_NET_SOCKET_FILE_H

#include "base/error.h"

struct socket_file {
	int fd, lock; /* the listening socket, non-blocking; -1: none */
	char path[108];
};

#define SOCKET_FILE_NULL ((struct socket_file){ .fd = -1, .lock = -1 })

/* Makes path, mode 0660 and group `pastcam` where there is one, and listens. A file that nobody serves is replaced;
 * -EADDRINUSE when another process serves it; -ENAMETOOLONG over 107 bytes; -errno with what to do. */
int socket_file_open(struct socket_file *file, const char *path, struct error *error);
void socket_file_close(struct socket_file *file); /* removes it; SOCKET_FILE_NULL is fine */

#endif
