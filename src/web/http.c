#include "http.h"

#include <errno.h>
#include <linux/tcp.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fsio.h"
#include "base/log.h"
#include "request.h"

enum {
	CONNECTION_MEMORY = 32 * 1024, /* headers, and what is being sent */
	QUIET_S = 40,                  /* without a byte in or out */
	REQUEST_S = 15,                /* from the first byte to the end of a request, and between two */
	SLOW_BYTES_PER_MS = 4,         /* who reads less is no better than who reads nothing */
	IDLE_MS = 1000,                /* before it is called idle */
	SPARE = 16, /* connections over the limit, until others have gone; then new ones wait to be accepted */
	PEM_BYTES = 64 * 1024,
};

struct peer {
	struct peer *next, *previous;
	struct http *http;
	struct MHD_Connection *connection;
	int fd;
	enum peer_state state;
	int64_t since_ns, deadline_ns; /* 0: none */
	uint64_t read_before;          /* bytes that it had read by since_ns */
	bool is_closing, is_suspended;
};

struct http {
	struct web *web;
	struct MHD_Daemon *daemon;
	struct loop_watch *watch, *timer, *sweep;
	struct peer *peers;
	struct http_counts counts;
	char *certificate, *key;
};

struct http_counts *http_counts(struct http *http)
{
	return &http->counts;
}

/* --- connections --- */

/* What its machine has acknowledged: 0 where that is not known. */
static uint64_t bytes_read(const struct peer *peer)
{
	struct tcp_info info = { .tcpi_bytes_acked = 0 };
	socklen_t length = sizeof info;
	return getsockopt(peer->fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 ? info.tcpi_bytes_acked : 0;
}

void peer_set_state(struct peer *peer, enum peer_state state)
{
	peer->state = state;
	if (state == PEER_SENDING)
		peer->read_before = bytes_read(peer);
	else
		peer->deadline_ns = 0;
	peer->since_ns = clock_now_ns();
}

void peer_finish_within(struct peer *peer, double seconds)
{
	peer->deadline_ns = clock_now_ns() + (int64_t)(seconds * (double)CLOCK_NS_PER_S);
}

void peer_suspend(struct peer *peer)
{
	if (!peer->is_suspended)
		MHD_suspend_connection(peer->connection);
	peer->is_suspended = true;
}

void peer_resume(struct peer *peer)
{
	if (!peer->is_suspended)
		return;
	peer->is_suspended = false;
	MHD_resume_connection(peer->connection);
	loop_set_timer(peer->http->timer, 1, 0); /* libmicrohttpd looks at it when it runs */
}

/* libmicrohttpd sees the end of the stream and closes; one that waits for its answer is asked once more, and says that
 * there will be none. */
static void close_peer(struct peer *peer)
{
	peer->is_closing = true;
	shutdown(peer->fd, SHUT_RDWR);
	peer_resume(peer);
}

bool peer_is_streaming(const struct peer *peer)
{
	return peer->state == PEER_STREAMING;
}

bool peer_is_closing(const struct peer *peer)
{
	return peer->is_closing;
}

static int64_t age_ns(const struct peer *peer, int64_t now_ns)
{
	return now_ns - peer->since_ns;
}

/* Asks nothing or reads next to nothing, for long enough to tell. */
static bool is_idle(const struct peer *peer, int64_t now_ns)
{
	int64_t ms = age_ns(peer, now_ns) / CLOCK_NS_PER_MS;
	if (peer->is_closing || ms < IDLE_MS)
		return false;
	return peer->state == PEER_READING ||
	       (peer->state == PEER_SENDING && bytes_read(peer) - peer->read_before < (uint64_t)ms * SLOW_BYTES_PER_MS);
}

/* While there are too many: who has been idle for longest makes way. */
static void make_way(struct http *http)
{
	int64_t now_ns = clock_now_ns();
	unsigned closing = 0;
	for (const struct peer *peer = http->peers; peer; peer = peer->next)
		closing += peer->is_closing;
	while (http->counts.now - closing > (unsigned)http->web->config->web.max_clients) {
		struct peer *chosen = NULL;
		for (struct peer *peer = http->peers; peer; peer = peer->next)
			if (is_idle(peer, now_ns) && (!chosen || peer->since_ns < chosen->since_ns))
				chosen = peer;
		if (!chosen)
			return;
		close_peer(chosen);
		http->counts.refused++;
		closing++;
	}
}

/* False: all others watch, or wait for something that takes its time. */
static bool will_be_room(const struct http *http, const struct peer *newcomer)
{
	int64_t now_ns = clock_now_ns();
	for (const struct peer *peer = http->peers; peer; peer = peer->next)
		if (peer != newcomer && peer->state != PEER_STREAMING && age_ns(peer, now_ns) < REQUEST_S * CLOCK_NS_PER_S)
			return true;
	return false;
}

static struct peer *add_peer(struct http *http, struct MHD_Connection *connection, int fd)
{
	struct peer *peer = calloc(1, sizeof *peer);
	if (!peer)
		return NULL;
	*peer = (struct peer){ .next = http->peers, .http = http, .connection = connection, .fd = fd };
	peer_set_state(peer, PEER_READING);
	if (peer->next)
		peer->next->previous = peer;
	http->peers = peer;
	http->counts.connections++;
	if (http->counts.now++ == 0)
		loop_set_timer(http->sweep, CLOCK_NS_PER_S, CLOCK_NS_PER_S);
	make_way(http);
	if (http->counts.now > (unsigned)http->web->config->web.max_clients && !will_be_room(http, peer)) {
		close_peer(peer);
		http->counts.refused++;
	}
	return peer;
}

static void remove_peer(struct http *http, struct peer *peer)
{
	if (!peer)
		return;
	if (peer->previous)
		peer->previous->next = peer->next;
	else
		http->peers = peer->next;
	if (peer->next)
		peer->next->previous = peer->previous;
	free(peer);
	if (--http->counts.now == 0)
		loop_set_timer(http->sweep, 0, 0);
}

static void on_peer(void *data, struct MHD_Connection *connection, void **context,
                    enum MHD_ConnectionNotificationCode what)
{
	struct http *http = data;
	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		remove_peer(http, *context);
		*context = NULL;
		return;
	}
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (info)
		*context = add_peer(http, connection, info->connect_fd);
}

/* libmicrohttpd counts the time since the last byte, which a patient attacker sends; this counts requests. */
static void on_sweep(void *data, uint32_t times)
{
	(void)times;
	struct http *http = data;
	int64_t now_ns = clock_now_ns(), before_ns = now_ns - (int64_t)REQUEST_S * CLOCK_NS_PER_S;
	for (struct peer *peer = http->peers; peer; peer = peer->next) {
		bool is_late = peer->deadline_ns && peer->deadline_ns < now_ns;
		if (!peer->is_closing && (is_late || (peer->state == PEER_READING && peer->since_ns < before_ns)))
			close_peer(peer);
	}
	make_way(http);
}

/* --- requests --- */

static void *on_address(void *data, const char *uri, struct MHD_Connection *connection)
{
	struct http *http = data;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	if (!info || !info->socket_context)
		return NULL; /* no memory for its peer: on_request closes it */
	http->counts.requests++;
	return request_create(http->web, connection, info->socket_context, uri);
}

static enum MHD_Result on_request(void *data, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *upload, size_t *upload_bytes, void **context)
{
	(void)data;
	(void)connection;
	(void)url;
	(void)version;
	struct request *request = *context;
	if (!request)
		return MHD_NO;
	size_t bytes = *upload_bytes;
	*upload_bytes = 0;
	return request_go_on(request, method, upload, bytes) == 0 ? MHD_YES : MHD_NO;
}

static void on_completed(void *data, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode why)
{
	(void)data;
	(void)connection;
	(void)why;
	request_destroy(*context);
	*context = NULL;
}

/* Addresses are decoded by target.c, which is stricter. */
static size_t leave_as_it_is(void *data, struct MHD_Connection *connection, char *text)
{
	(void)data;
	(void)connection;
	return strlen(text);
}

static void on_log(void *data, const char *format, va_list arguments)
{
	(void)data;
	char text[LOG_LINE_BYTES];
	vsnprintf(text, sizeof text, format, arguments);
	text[strcspn(text, "\n")] = '\0';
	log_debug("http: %s", text);
}

/* --- the loop --- */

static void run(struct http *http)
{
	MHD_run(http->daemon);
	MHD_UNSIGNED_LONG_LONG ms;
	int64_t delay_ns = 0;
	if (MHD_get_timeout(http->daemon, &ms) == MHD_YES)
		delay_ns = ms > 0 ? (int64_t)ms * CLOCK_NS_PER_MS : 1;
	loop_set_timer(http->timer, delay_ns, 0);
}

static void on_event(void *data, uint32_t events)
{
	(void)events;
	run(data);
}

static char *read_pem(const char *option, const char *path, struct error *error)
{
	char *text = malloc(PEM_BYTES);
	if (!text) {
		error_set(error, -ENOMEM, "no memory for %s", path);
		return NULL;
	}
	ssize_t length = fsio_read_small(path, text, PEM_BYTES);
	if (length >= 0)
		return text;
	error_set_errno(error, (int)length, "%s: cannot read %s", option, path);
	free(text);
	return NULL;
}

static int load_tls(struct http *http, struct error *error)
{
	const struct config *config = http->web->config;
	if (!http->web->tls)
		return 0;
	if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
		return error_set(error, -EINVAL, "web.tls_cert is set, but this libmicrohttpd has no TLS");
	http->certificate = read_pem("web.tls_cert", config->web.tls_cert, error);
	http->key = http->certificate ? read_pem("web.tls_key", config->web.tls_key, error) : NULL;
	return http->key ? 0 : -EINVAL;
}

static int start(struct http *http, int listener, struct error *error)
{
	unsigned limit = (unsigned)http->web->config->web.max_clients + SPARE;
	struct MHD_OptionItem options[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, http->certificate },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, http->key },
		{ MHD_OPTION_END, 0, NULL },
	};
	if (!http->web->tls)
		options[0] = options[2];
	http->daemon = MHD_start_daemon(
	    MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | (http->web->tls ? MHD_USE_TLS : 0U), 0, NULL,
	    NULL, on_request, http, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_LISTEN_SOCKET, listener,
	    MHD_OPTION_CONNECTION_LIMIT, limit, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)QUIET_S,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_NOTIFY_CONNECTION, on_peer, http,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, http, MHD_OPTION_URI_LOG_CALLBACK, on_address, http,
	    MHD_OPTION_UNESCAPE_CALLBACK, leave_as_it_is, NULL, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, options,
	    MHD_OPTION_END);
	if (http->daemon)
		return 0;
	close(listener);
	return error_set(error, -EINVAL, "cannot serve HTTP%s",
	                 http->web->tls ? ": are web.tls_cert and web.tls_key a certificate and its key, in PEM?" : "");
}

static int watch(struct http *http, struct error *error)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info)
		return error_set(error, -EINVAL, "this libmicrohttpd has no epoll");
	http->watch = loop_add(http->web->loop, info->epoll_fd, EPOLLIN, on_event, http);
	http->timer = loop_add_timer(http->web->loop, on_event, http);
	http->sweep = loop_add_timer(http->web->loop, on_sweep, http);
	if (!http->watch || !http->timer || !http->sweep)
		return error_set_errno(error, -errno, "cannot watch the page's port");
	return 0;
}

struct http *http_create(struct web *web, int listener, struct error *error)
{
	struct http *http = calloc(1, sizeof *http);
	if (!http) {
		close(listener);
		error_set(error, -ENOMEM, "no memory for the page");
		return NULL;
	}
	http->web = web;
	int result = load_tls(http, error);
	if (result < 0)
		close(listener);
	else
		result = start(http, listener, error);
	if (result == 0)
		result = watch(http, error);
	if (result == 0)
		return http;
	http_destroy(http);
	return NULL;
}

void http_destroy(struct http *http)
{
	if (!http)
		return;
	loop_remove(http->watch);
	for (struct peer *peer = http->peers; peer; peer = peer->next)
		peer_resume(peer); /* libmicrohttpd does not stop with suspended ones */
	if (http->daemon)
		MHD_stop_daemon(http->daemon);
	loop_remove(http->timer);
	loop_remove(http->sweep);
	free(http->certificate);
	free(http->key);
	free(http);
}
