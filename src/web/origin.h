/*
 * Which pages may ask what. A browser sends along who the person is, whatever page asks; so a page of another site must
 * not be answered as if it were ours (CSRF), and a name that a stranger controls must not stand for this machine (DNS
 * rebinding). Pure.
 */
#ifndef PASTCAM_WEB_ORIGIN_H
#define PASTCAM_WEB_ORIGIN_H

#include <stdbool.h>

/* True when host (the Host header) cannot be a name that a stranger made point here: an address in numbers, localhost,
 * a name without dots, one that ends in .local, .lan, .home, .internal or .home.arpa, the machine's own (machine), or
 * one of hosts (names with commas or spaces between). */
bool origin_host_is_ours(const char *host, const char *machine, const char *hosts);

/* True when origin ("https://home.example:8123") is one of origins (with commas or spaces between). */
bool origin_is_listed(const char *origin, const char *origins);

/* What a request says of where it comes from; NULL: the header is absent. */
struct origin_headers {
	const char *host, *origin, *fetch_site;
};

/* True when a request that changes something may come from there: from our own page, from a program (which sends no
 * such headers), or from a page of origins. */
bool origin_may_write(const struct origin_headers *headers, const char *origins);

#endif
