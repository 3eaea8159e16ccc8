/* A TCP port that says what is wrong when it cannot be opened. Any thread. */
#ifndef PASTCAM_BASE_LISTEN_H
#define PASTCAM_BASE_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/error.h"

struct listen_params {
	const char *address; /* an IPv4 or IPv6 address; "0.0.0.0", "::" for all */
	int port;            /* 0: any free one, listen_port tells */
	bool may_leave_loopback;
	/* What the reasons call these, such as "network.bind". */
	const char *bind_option, *port_option, *token_option;
};

/* What the parameters' text decides: 0; -EINVAL for what is no address, and for one beyond loopback without
 * may_leave_loopback. */
int listen_check(const struct listen_params *params, struct error *error);

/* Opens, binds and listens, non-blocking. Returns the socket, or -errno; -EINVAL as listen_check. Logs when no
 * interface has the address yet, which it then waits for. */
int listen_open(const struct listen_params *params, struct error *error);

int listen_port(int fd);

/* An address in numbers. */
void listen_describe(const struct sockaddr_storage *address, char *text, size_t bytes);

#endif
