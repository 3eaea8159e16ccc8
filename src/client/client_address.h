/* An address as the system takes it, and as people read it. */
#ifndef PASTCAM_CLIENT_CLIENT_ADDRESS_H
#define PASTCAM_CLIENT_CLIENT_ADDRESS_H

#include <sys/socket.h>

#include "client/client.h"

struct resolved_address {
	struct sockaddr_storage socket;
	socklen_t length;
	char text[160]; /* "127.0.0.1 port 9999", "/run/pastcam/front.sock" */
};

/* Looks up no names, so it never waits. */
int client_resolve(struct resolved_address *resolved, const struct client_address *address, struct error *error);

/* What a refused or failed connection means, and what to do. Returns code (negative errno). */
int client_explain_connect(const struct resolved_address *resolved, int code, struct error *error);

#endif
