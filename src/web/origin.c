#include "origin.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

enum { HOST_BYTES = 256 };

static bool is_listed(const char *word, size_t length, const char *list)
{
	for (const char *at = list; *at;) {
		size_t known = strcspn(at, ", ");
		if (known == length && length > 0 && strncasecmp(at, word, length) == 0)
			return true;
		at += known;
		at += strspn(at, ", ");
	}
	return false;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);
	return length > tail && strcasecmp(text + length - tail, end) == 0;
}

/* The name without its port and without the brackets of IPv6. */
static bool take_name(const char *host, char name[HOST_BYTES])
{
	size_t length;
	if (host[0] == '[') {
		host++;
		length = strcspn(host, "]");
		if (host[length] != ']' || (host[length + 1] != '\0' && host[length + 1] != ':'))
			return false;
	} else {
		length = strcspn(host, ":");
	}
	if (length == 0 || length >= HOST_BYTES)
		return false;
	memcpy(name, host, length);
	name[length] = '\0';
	return true;
}

static bool is_number(const char *name)
{
	struct in6_addr address;
	return inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1;
}

bool origin_host_is_ours(const char *host, const char *machine, const char *hosts)
{
	static const char *const local[] = { ".local", ".lan", ".home", ".internal", ".home.arpa", ".localhost" };
	char name[HOST_BYTES];
	if (!host || !take_name(host, name))
		return false;
	if (is_number(name) || strcasecmp(name, machine) == 0 || is_listed(name, strlen(name), hosts))
		return true;
	for (size_t i = 0; i < sizeof local / sizeof local[0]; i++)
		if (ends_with(name, local[i]))
			return true;
	return !strpbrk(name, ".:");
}

bool origin_is_listed(const char *origin, const char *origins)
{
	return is_listed(origin, strlen(origin), origins);
}

bool origin_may_write(const struct origin_headers *headers, const char *origins)
{
	if (headers->origin && origin_is_listed(headers->origin, origins))
		return true;
	if (headers->fetch_site && strcmp(headers->fetch_site, "same-origin") != 0 &&
	    strcmp(headers->fetch_site, "none") != 0)
		return false;
	if (!headers->origin)
		return true;
	const char *authority = strstr(headers->origin, "://");
	return authority && headers->host && strcasecmp(authority + 3, headers->host) == 0;
}
