#include "base/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

enum { LISTEN_BACKLOG = 512 };

static bool is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24 == 127;
	const struct in6_addr *ip6 = &((const struct sockaddr_in6 *)address)->sin6_addr;
	return IN6_IS_ADDR_LOOPBACK(ip6) || (IN6_IS_ADDR_V4MAPPED(ip6) && ip6->s6_addr[12] == 127);
}

void listen_describe(const struct sockaddr_storage *address, char *text, size_t bytes)
{
	socklen_t length = address->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	if (getnameinfo((const struct sockaddr *)address, length, text, (socklen_t)bytes, NULL, 0, NI_NUMERICHOST) != 0)
		snprintf(text, bytes, "an unknown address");
}

static struct addrinfo *resolve(const struct listen_params *params, struct error *error)
{
	char service[16];
	snprintf(service, sizeof service, "%d", params->port);
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	if (params->address[0] == '\0' || getaddrinfo(params->address, service, &hints, &found) != 0) {
		error_set(error, -EINVAL,
		          "%s: \"%s\" is not an IPv4 or IPv6 address: 127.0.0.1 is this machine only, 0.0.0.0 or :: all its "
		          "interfaces",
		          params->bind_option, params->address);
		return NULL;
	}
	return found;
}

static int explain(int code, const struct listen_params *params, struct error *error)
{
	switch (code) {
	case -EADDRINUSE:
		return error_set(error, code, "port %d on %s is already in use: is another pastcam running? set %s",
		                 params->port, params->address, params->port_option);
	case -EACCES:
		return error_set(error, code, "port %d needs root or CAP_NET_BIND_SERVICE: set %s to 1024 or above",
		                 params->port, params->port_option);
	case -EAFNOSUPPORT:
		return error_set(error, code, "%s: this kernel has no IPv6 for %s: use 0.0.0.0 or 127.0.0.1",
		                 params->bind_option, params->address);
	default:
		return error_set_errno(error, code, "cannot listen on %s port %d", params->address, params->port);
	}
}

static int bind_to(int fd, const struct addrinfo *info, const struct listen_params *params)
{
	int on = 1, off = 0;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	/* "::" serves IPv4 too, whatever net.ipv6.bindv6only says. */
	if (info->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	if (bind(fd, info->ai_addr, info->ai_addrlen) == 0)
		return 0;
	if (errno != EADDRNOTAVAIL)
		return -errno;
	/* After a power cut the router may need longer than we do to hand out the address that is asked for. */
	if (setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof on) < 0 || bind(fd, info->ai_addr, info->ai_addrlen) < 0)
		return -errno;
	log_warning("%s: no interface has the address %s yet: it will be served when one has", params->bind_option,
	            params->address);
	return 0;
}

static int listen_on(const struct addrinfo *info, const struct listen_params *params)
{
	int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	int result = bind_to(fd, info, params);
	if (result == 0 && listen(fd, LISTEN_BACKLOG) < 0)
		result = -errno;
	if (result < 0) {
		close(fd);
		return result;
	}
	return fd;
}

/* NULL as listen_check. */
static struct addrinfo *resolve_allowed(const struct listen_params *params, struct error *error)
{
	struct addrinfo *info = resolve(params, error);
	if (!info || params->may_leave_loopback || is_loopback(info->ai_addr))
		return info;
	error_set(error, -EINVAL,
	          "%s: %s can be reached by other machines: set %s (`pastcam token FILE` makes one), or "
	          "network.allow_unauthenticated if anyone may use the camera",
	          params->bind_option, params->address, params->token_option);
	freeaddrinfo(info);
	return NULL;
}

int listen_check(const struct listen_params *params, struct error *error)
{
	struct addrinfo *info = resolve_allowed(params, error);
	if (!info)
		return -EINVAL;
	freeaddrinfo(info);
	return 0;
}

int listen_open(const struct listen_params *params, struct error *error)
{
	struct addrinfo *info = resolve_allowed(params, error);
	if (!info)
		return -EINVAL;
	int result = listen_on(info, params);
	if (result < 0)
		explain(result, params, error);
	freeaddrinfo(info);
	return result;
}

int listen_port(int fd)
{
	struct sockaddr_storage address = { 0 };
	socklen_t length = sizeof address;
	getsockname(fd, (struct sockaddr *)&address, &length);
	return ntohs(address.ss_family == AF_INET ? ((const struct sockaddr_in *)&address)->sin_port
	                                          : ((const struct sockaddr_in6 *)&address)->sin6_port);
}
