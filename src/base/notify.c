#include "base/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

void notify_send(const char *message)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof address.sun_path)
		return;
	strcpy(address.sun_path, path);
	if (path[0] == '@')
		address.sun_path[0] = '\0'; /* Linux's abstract name space */
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	(void)!sendto(fd, message, strlen(message), MSG_NOSIGNAL, (struct sockaddr *)&address, length);
	close(fd);
}

int64_t notify_watchdog_interval_ns(void)
{
	const char *interval = getenv("WATCHDOG_USEC");
	const char *process = getenv("WATCHDOG_PID");
	if (!interval || (process && strtol(process, NULL, 10) != getpid()))
		return 0;
	long long us = strtoll(interval, NULL, 10);
	return us > 0 && us < INT64_MAX / 1000 ? us * CLOCK_NS_PER_US / 2 : 0;
}
