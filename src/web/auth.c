#include "auth.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"

enum { SESSION_RANDOM_BYTES = (AUTH_SESSION_BYTES - 1) / 2, SECONDS_PER_HOUR = 3600 };

int auth_init(struct auth *auth, const struct auth_params *params, struct error *error)
{
	*auth = (struct auth){ .session_ns = (int64_t)(params->session_hours * SECONDS_PER_HOUR * (double)CLOCK_NS_PER_S) };
	auth->open = params->token_file[0] == '\0';
	int result = auth->open ? 0 : token_load(params->token_option, params->token_file, &auth->full, error);
	if (result == 0 && params->view_token_file[0]) {
		if (auth->open)
			return error_set(error, -EINVAL,
			                 "web.view_token_file is set, but %s is not: without it everybody may do everything",
			                 params->token_option);
		auth->has_view = true;
		result = token_load("web.view_token_file", params->view_token_file, &auth->view, error);
	}
	return result;
}

/* A text that came from outside, against a secret: in a time that does not tell how much was right. */
static bool is_same(const char *one, const char *other)
{
	volatile unsigned char difference = 0;
	for (size_t i = 0; i < AUTH_SESSION_BYTES - 1; i++)
		difference = (unsigned char)(difference | (one[i] ^ other[i]));
	return difference == 0;
}

enum auth_role auth_by_token(const struct auth *auth, const char *token)
{
	if (auth->open)
		return ROLE_FULL;
	if (token_matches(&auth->full, token))
		return ROLE_FULL;
	return auth->has_view && token_matches(&auth->view, token) ? ROLE_VIEW : ROLE_NONE;
}

int auth_open_session(struct auth *auth, enum auth_role role, int64_t now_ns, char text[AUTH_SESSION_BYTES])
{
	unsigned char random[SESSION_RANDOM_BYTES];
	if (getrandom(random, sizeof random, 0) != sizeof random)
		return errno ? -errno : -EIO;
	for (size_t i = 0; i < sizeof random; i++)
		snprintf(text + 2 * i, 3, "%02x", random[i]);
	size_t chosen = 0;
	for (size_t i = 0; i < AUTH_SESSIONS; i++) {
		if (auth->sessions[i].role == ROLE_NONE) {
			chosen = i;
			break;
		}
		if (auth->sessions[i].until_ns < auth->sessions[chosen].until_ns)
			chosen = i;
	}
	auth->sessions[chosen].role = role;
	auth->sessions[chosen].until_ns = now_ns + auth->session_ns;
	strcpy(auth->sessions[chosen].text, text);
	return 0;
}

enum auth_role auth_by_session(struct auth *auth, const char *text, int64_t now_ns)
{
	enum auth_role role = ROLE_NONE;
	if (strlen(text) != AUTH_SESSION_BYTES - 1)
		return ROLE_NONE;
	for (size_t i = 0; i < AUTH_SESSIONS; i++) {
		if (auth->sessions[i].role != ROLE_NONE && auth->sessions[i].until_ns <= now_ns)
			auth->sessions[i].role = ROLE_NONE;
		if (auth->sessions[i].role != ROLE_NONE && is_same(auth->sessions[i].text, text))
			role = auth->sessions[i].role;
	}
	return role;
}

void auth_close_session(struct auth *auth, const char *text)
{
	for (size_t i = 0; i < AUTH_SESSIONS && strlen(text) == AUTH_SESSION_BYTES - 1; i++)
		if (auth->sessions[i].role != ROLE_NONE && is_same(auth->sessions[i].text, text))
			auth->sessions[i].role = ROLE_NONE;
}

bool auth_cookie(const char *header, const char *name, char *value, size_t bytes)
{
	size_t length = strlen(name);
	for (const char *at = header; at && *at;) {
		at += strspn(at, " \t;");
		size_t whole = strcspn(at, ";");
		if (whole > length && strncmp(at, name, length) == 0 && at[length] == '=') {
			size_t size = whole - length - 1;
			if (size >= bytes)
				return false;
			memcpy(value, at + length + 1, size);
			value[size] = '\0';
			return true;
		}
		at += whole;
	}
	return false;
}
