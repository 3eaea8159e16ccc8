#include "client_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

static int resolve_path(struct resolved_address *resolved, const char *path, struct error *error)
{
	struct sockaddr_un *socket = (struct sockaddr_un *)&resolved->socket;
	size_t length = strlen(path);
	if (length >= sizeof socket->sun_path)
		return error_set(error, -ENAMETOOLONG, "the path of the socket is longer than %zu bytes: %.80s…",
		                 sizeof socket->sun_path - 1, path);
	socket->sun_family = AF_UNIX;
	memcpy(socket->sun_path, path, length + 1);
	resolved->length = sizeof *socket;
	snprintf(resolved->text, sizeof resolved->text, "%s", path);
	return 0;
}

static int resolve_host(struct resolved_address *resolved, const char *host, int port, struct error *error)
{
	struct sockaddr_in *four = (struct sockaddr_in *)&resolved->socket;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&resolved->socket;
	if (port < 1 || port > 65535)
		return error_set(error, -EINVAL, "%d is not a port: it must be from 1 to 65535", port);
	snprintf(resolved->text, sizeof resolved->text, "%.100s port %d", host, port);
	if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons((uint16_t)port);
		resolved->length = sizeof *four;
		return 0;
	}
	if (inet_pton(AF_INET6, host, &six->sin6_addr) == 1) {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons((uint16_t)port);
		resolved->length = sizeof *six;
		return 0;
	}
	return error_set(error, -EINVAL, "\"%.80s\" is not an IPv4 or IPv6 address", host);
}

int client_resolve(struct resolved_address *resolved, const struct client_address *address, struct error *error)
{
	memset(resolved, 0, sizeof *resolved);
	if (address->socket_path && address->socket_path[0])
		return resolve_path(resolved, address->socket_path, error);
	return resolve_host(resolved, address->host ? address->host : "", address->port, error);
}

int client_explain_connect(const struct resolved_address *resolved, int code, struct error *error)
{
	switch (code) {
	case -ENOENT:
		return error_set(error, code, "there is no socket %s", resolved->text);
	case -ECONNREFUSED:
		return error_set(error, code, "nobody answers on %s", resolved->text);
	case -EACCES:
		return error_set(error, code, "no rights to use %s: join the group of that file (pastcam), then log in again",
		                 resolved->text);
	case -ETIMEDOUT:
		return error_set(error, code, "no answer from %s in time", resolved->text);
	default:
		return error_set_errno(error, code, "cannot talk to %s", resolved->text);
	}
}
