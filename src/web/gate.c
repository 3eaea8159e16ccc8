#include "gate.h"

#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/listen.h"
#include "base/log.h"
#include "origin.h"
#include "response.h"
#include "routes.h"

/* --- the wrong token --- */

static void answer_wrong_token(struct request *request)
{
	request_problem(request, 401, "the token is wrong");
}

static void on_delay(void *data, uint32_t times)
{
	(void)times;
	answer_wrong_token(data);
}

static void refuse_token(struct request *request)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	struct sockaddr_storage address = { 0 };
	if (info && info->client_addr) {
		bool is_ip4 = info->client_addr->sa_family == AF_INET;
		memcpy(&address, info->client_addr, is_ip4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
	}
	char from[64];
	uint64_t failures = 0;
	int64_t delay_ns = throttle_failed(&request->web->auth.throttle, &address, clock_now_ns(), &failures);
	listen_describe(&address, from, sizeof from);
	if (failures == 1 || failures % 100 == 0)
		log_warning("A wrong token from %s (%llu times)", from, (unsigned long long)failures);
	request->delay = loop_add_timer(request->web->loop, on_delay, request);
	if (!request->delay || loop_set_timer(request->delay, delay_ns, 0) < 0) {
		answer_wrong_token(request);
		return;
	}
	request_wait(request, NULL, NULL);
}

/* --- who asks --- */

/* False when a token was given that is wrong. */
static bool find_role(struct request *request)
{
	struct auth *auth = &request->web->auth;
	char session[AUTH_SESSION_BYTES];
	const char *authorization = request_header(request, "Authorization");
	request->role = auth->open ? ROLE_FULL : ROLE_NONE;
	if (auth->open)
		return true;
	if (authorization && strncasecmp(authorization, "Bearer ", 7) == 0) {
		request->role = auth_by_token(auth, authorization + 7 + strspn(authorization + 7, " "));
		return request->role != ROLE_NONE;
	}
	if (auth_cookie(request_header(request, "Cookie"), AUTH_COOKIE, session, sizeof session))
		request->role = auth_by_session(auth, session, clock_now_ns());
	return true;
}

static bool check_host(struct request *request)
{
	const char *host = request_header(request, "Host");
	if (request_header_count(request, "Host") > 1) {
		/* RFC 9112, 3.2; which of them others have looked at is anybody's guess. */
		request_problem(request, 400, "a request has one Host, not several");
		return false;
	}
	if (origin_host_is_ours(host, request->web->machine, request->web->config->web.hosts))
		return true;
	request_problem(request, 421, "\"%.80s\" is no name of this machine: if it is, put it in web.hosts",
	                host ? host : "");
	return false;
}

static bool check_origin(struct request *request)
{
	const struct origin_headers headers = { .host = request_header(request, "Host"),
		                                    .origin = request_header(request, "Origin"),
		                                    .fetch_site = request_header(request, "Sec-Fetch-Site") };
	if (request->method == METHOD_GET || request->method == METHOD_OPTIONS ||
	    origin_may_write(&headers, request->web->config->web.cors_origins))
		return true;
	request_problem(request, 403, "a page of another site may not do this: web.cors_origins lists those that may");
	return false;
}

static bool check_role(struct request *request, const struct route *route)
{
	if (request->role >= route->role)
		return true;
	if (request->role == ROLE_NONE)
		request_problem(request, 401, "a token is needed: log in on the page, or send Authorization: Bearer TOKEN");
	else
		request_problem(request, 403, "this token may look, but change nothing");
	return false;
}

static void answer_method(struct request *request, unsigned allowed)
{
	static const char *const names[] = { "GET, HEAD", "POST", "PUT", "DELETE" };
	char list[64] = "OPTIONS";
	for (size_t i = 0; i < 4; i++)
		if (allowed & 1U << i)
			snprintf(list + strlen(list), sizeof list - strlen(list), ", %s", names[i]);
	struct MHD_Response *response = NULL;
	unsigned status = 204;
	if (request->method == METHOD_OPTIONS) {
		response = MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT);
	} else {
		status = 405;
		char *text =
		    response_problem_text(status, "this address does not take that method; Allow tells which it takes");
		if (text)
			response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	}
	if (response) {
		response_header(response, "Allow", list);
		if (status == 405)
			response_header(response, "Content-Type", "application/problem+json");
		else if (request->web->config->web.cors_origins[0]) {
			response_header(response, "Access-Control-Allow-Methods", list);
			response_header(response, "Access-Control-Allow-Headers",
			                "Authorization, Content-Type, If-Match, Accept-Datetime, Last-Event-ID");
		}
	}
	request_respond(request, status, response);
}

void gate_pass(struct request *request)
{
	if (request->bad.code < 0) {
		request_bad(request, &request->bad);
		return;
	}
	if (!check_host(request) || !check_origin(request))
		return;
	unsigned allowed = 0;
	const struct route *route = routes_find(request->target.path, request->method, &request->tail, &allowed);
	if (!route && allowed == 0) {
		request_problem(request, 404, "there is nothing at this address");
		return;
	}
	if (!route) {
		answer_method(request, allowed);
		return;
	}
	struct error error = { 0 };
	if (route->parameters && target_check_names(&request->target, route->parameters, &error) < 0) {
		request_bad(request, &error);
		return;
	}
	if (!find_role(request))
		refuse_token(request);
	else if (check_role(request, route))
		route->handler(request);
}

/* --- sessions --- */

static void respond_with_cookie(struct request *request, const char *session, int64_t seconds)
{
	char cookie[256];
	snprintf(cookie, sizeof cookie, AUTH_COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s", session,
	         (long long)seconds, request->web->tls ? "; Secure" : "");
	struct MHD_Response *response = MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT);
	if (response)
		response_header(response, "Set-Cookie", cookie);
	request_respond(request, 204, response);
}

void gate_login(struct request *request)
{
	char session[AUTH_SESSION_BYTES];
	cJSON *json = request_body_json(request);
	if (!json)
		return;
	const cJSON *token = cJSON_GetObjectItemCaseSensitive(json, "token");
	const char *text = cJSON_IsString(token) ? token->valuestring : "";
	enum auth_role role = auth_by_token(&request->web->auth, text);
	cJSON_Delete(json);
	if (role == ROLE_NONE) {
		refuse_token(request);
		return;
	}
	if (auth_open_session(&request->web->auth, role, clock_now_ns(), session) < 0) {
		request_problem(request, 500, "this machine gave no random bytes for a session");
		return;
	}
	respond_with_cookie(request, session, request->web->auth.session_ns / CLOCK_NS_PER_S);
}

void gate_logout(struct request *request)
{
	char session[AUTH_SESSION_BYTES];
	if (auth_cookie(request_header(request, "Cookie"), AUTH_COOKIE, session, sizeof session))
		auth_close_session(&request->web->auth, session);
	respond_with_cookie(request, "", 0);
}

void gate_session(struct request *request)
{
	static const char *const names[] = { "none", "view", "full" };
	cJSON *json = cJSON_CreateObject();
	cJSON_AddStringToObject(json, "role", names[request->role]);
	cJSON_AddBoolToObject(json, "token_needed", !request->web->auth.open);
	cJSON_AddStringToObject(json, "version", PASTCAM_VERSION);
	cJSON_AddStringToObject(json, "machine", request->web->machine);
	request_json(request, 200, json);
}
