/*
 * Who asks: nobody known, one who may look, or one who may do all. Proved by a token in the request, or by a session
 * that a token opened. Sessions are few, expire, and live as long as the program. Its loop's thread.
 */
#ifndef PASTCAM_WEB_AUTH_H
#define PASTCAM_WEB_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/token.h"

enum auth_role { ROLE_NONE, ROLE_VIEW, ROLE_FULL };

enum { AUTH_SESSIONS = 64, AUTH_SESSION_BYTES = 65 };
#define AUTH_COOKIE "pastcam_session"

struct auth {
	bool open; /* no token: whoever reaches the port may do all */
	struct token full, view;
	bool has_view;
	int64_t session_ns;
	struct {
		enum auth_role role; /* ROLE_NONE: free */
		int64_t until_ns;
		char text[AUTH_SESSION_BYTES];
	} sessions[AUTH_SESSIONS];
	struct throttle throttle;
};

struct auth_params {
	const char *token_file, *token_option; /* "" is none */
	const char *view_token_file;
	double session_hours;
};

int auth_init(struct auth *auth, const struct auth_params *params, struct error *error);

/* ROLE_NONE when it is none of the tokens. */
enum auth_role auth_by_token(const struct auth *auth, const char *token);

/* Opens a session; the one that would have ended first makes way when there are too many. -errno without random bytes.
 */
int auth_open_session(struct auth *auth, enum auth_role role, int64_t now_ns, char text[AUTH_SESSION_BYTES]);
enum auth_role auth_by_session(struct auth *auth, const char *text, int64_t now_ns);
void auth_close_session(struct auth *auth, const char *text);

/* Copies the value of a cookie out of a Cookie header; false when it is not there or has bytes or more. */
bool auth_cookie(const char *header, const char *name, char *value, size_t bytes);

#endif
