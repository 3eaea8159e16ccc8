/*
 * One HTTP request, from its first line to the end of its answer. A handler answers at once (request_respond and the
 * like), or calls request_wait and answers from a callback of the loop later; in between, the client may go.
 */
#ifndef PASTCAM_WEB_REQUEST_H
#define PASTCAM_WEB_REQUEST_H

#include <cjson/cJSON.h>
#include <stdint.h>

#include "http.h"
#include "target.h"

struct MHD_Connection;
struct MHD_Response;
struct request;

enum method {
	METHOD_GET = 1,
	METHOD_POST = 2,
	METHOD_PUT = 4,
	METHOD_DELETE = 8,
	METHOD_OPTIONS = 16,
	METHOD_OTHER = 32
};

typedef void (*request_handler)(struct request *request);

struct request {
	struct web *web;
	struct MHD_Connection *connection;
	struct peer *peer;
	struct target target;
	struct error bad; /* code 0: the target is good */
	enum method method;
	bool is_head, is_begun, is_handled, is_waiting, is_answered;
	enum auth_role role;
	const char *tail; /* of the path, after what the route names */
	char *body;       /* terminated; NULL: none */
	size_t body_bytes;
	bool body_is_too_large;
	void (*cancel)(void *state); /* while waiting: the client has gone, or the program ends */
	void *state;
	struct loop_watch *delay;
	struct MHD_Response *response; /* to be queued */
	unsigned status;
	request_handler refused;
};

/* For http.c. uri is copied. NULL: no memory. */
struct request *request_create(struct web *web, struct MHD_Connection *connection, struct peer *peer, const char *uri);
void request_destroy(struct request *request); /* NULL is fine */
/* 0, or -errno to close the connection. */
int request_go_on(struct request *request, const char *method, const char *upload, size_t bytes);

/* --- for handlers --- */

const char *request_header(const struct request *request, const char *name); /* the first; NULL: absent */
size_t request_header_count(const struct request *request, const char *name);

/* Answers. response: taken over; NULL (no memory) becomes status 500. */
void request_respond(struct request *request, unsigned status, struct MHD_Response *response);

/* Answers with bytes that are freed afterwards. NULL becomes status 500. */
void request_bytes(struct request *request, unsigned status, const char *type, void *owned, size_t bytes);
void request_json(struct request *request, unsigned status, cJSON *owned);

/* Answers with a problem (RFC 9457) whose detail is the sentence given. */
__attribute__((format(printf, 3, 4))) void request_problem(struct request *request, unsigned status, const char *format,
                                                           ...);
/* The same for an error: 400. */
void request_bad(struct request *request, const struct error *error);

/* Leaves the answer for later. cancel(state) is called when it has become pointless, and not after an answer. */
void request_wait(struct request *request, void (*cancel)(void *state), void *state);

/* The JSON object in the body, to be deleted by the caller; NULL, and answered, when it is none. */
cJSON *request_body_json(struct request *request);

#endif
