/* The table of addresses. */
#ifndef PASTCAM_WEB_ROUTES_H
#define PASTCAM_WEB_ROUTES_H

#include "request.h"

struct route {
	enum method method;
	const char *pattern; /* "/at/" and longer ones that end with a slash match what begins so; others match exactly */
	enum auth_role role; /* who may */
	const char *parameters; /* the names it takes, spaces between; NULL: any, which are ignored */
	request_handler handler;
};

/* The route for path, with tail pointing into path after the pattern; NULL when there is none, and *allowed then has
 * the methods (enum method, or'ed) that the path would take. */
const struct route *routes_find(const char *path, enum method method, const char **tail, unsigned *allowed);

#endif
