#include "net/server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/listen.h"
#include "base/utf8.h"
#include "server_private.h"

/* Connections taken in one go, so that a flood of them does not starve those that are in. */
enum { SERVER_ACCEPT_BATCH = 16 };
/* What else is open: 20 at rest, and what the camera and the exports open for a time. */
enum { SERVER_OTHER_DESCRIPTORS = 64 };
#define SERVER_ACCEPT_PAUSE_NS (200 * INT64_C(1000000))

void server_count(struct server *server, uint64_t *counter)
{
	pthread_mutex_lock(&server->lock);
	++*counter;
	pthread_mutex_unlock(&server->lock);
}

void server_status(struct server *server, struct server_status *status)
{
	pthread_mutex_lock(&server->lock);
	*status = server->status;
	pthread_mutex_unlock(&server->lock);
}

static void on_handover(void *data, uint32_t events)
{
	(void)events;
	struct server *server = data;
	eventfd_t ignored;
	eventfd_read(server->handover, &ignored);
	server_pass_replies(server);
	server_arm(server);
}

void server_arm(struct server *server)
{
	int64_t deadline_ns = server->accept_again_ns ? server->accept_again_ns : INT64_MAX;
	for (int i = 0; i < server->slots; i++) {
		const struct client *client = &server->clients[i];
		if (client->state != CLIENT_FREE && client->deadline_ns < deadline_ns)
			deadline_ns = client->deadline_ns;
	}
	int64_t delay_ns = 0;
	if (deadline_ns < INT64_MAX) {
		delay_ns = deadline_ns - clock_now_ns();
		delay_ns = delay_ns > 0 ? delay_ns : 1;
	}
	loop_set_timer(server->timer, delay_ns, 0);

	int count = clients_count(server), streams = clients_streaming(server);
	pthread_mutex_lock(&server->lock);
	server->status.clients = count;
	server->status.streams = streams;
	pthread_mutex_unlock(&server->lock);
}

static void watch_listeners(struct server *server, uint32_t events)
{
	for (int i = 0; i < LISTENER_COUNT; i++)
		if (server->listeners[i].watch)
			loop_change(server->listeners[i].watch, events);
}

static void on_timer(void *data, uint32_t times)
{
	(void)times;
	struct server *server = data;
	int64_t now_ns = clock_now_ns();
	server_pass_replies(server);
	for (int i = 0; i < server->slots; i++)
		client_expire(&server->clients[i], now_ns);
	if (server->accept_again_ns && server->accept_again_ns <= now_ns) {
		server->accept_again_ns = 0;
		watch_listeners(server, EPOLLIN);
	}
	server_arm(server);
}

/* True when there may be more to accept. */
/* Frames go out whole and at once: what belongs together is sent with MSG_MORE. A client that waits for a silent camera
 * sends nothing, so that only probes tell whether it is still there. A refusal does no harm. */
static void tune(int fd, bool local)
{
	static const struct {
		int level, name, value;
	} options[] = {
		{ IPPROTO_TCP, TCP_NODELAY, 1 },    { SOL_SOCKET, SO_KEEPALIVE, 1 }, { IPPROTO_TCP, TCP_KEEPIDLE, 60 },
		{ IPPROTO_TCP, TCP_KEEPINTVL, 15 }, { IPPROTO_TCP, TCP_KEEPCNT, 4 },
	};
	for (size_t i = 0; !local && i < sizeof options / sizeof options[0]; i++)
		setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof options[i].value);
}

static bool server_accept(struct server_listener *listener)
{
	struct server *server = listener->server;
	struct sockaddr_storage address;
	socklen_t length = sizeof address;
	int fd = accept4(listener->fd, (struct sockaddr *)&address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		log_fault_end(&server->accept_fault, "network: connections can be accepted again");
		server_count(server, &server->status.accepted);
		tune(fd, listener->local);
		clients_admit(server, fd, &address, listener->local);
		return true;
	}
	if (errno == EAGAIN)
		return false;
	if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
		log_fault_begin(&server->accept_fault, "network: no connection can be accepted: %s", strerror(errno));
		watch_listeners(server, 0);
		server->accept_again_ns = clock_now_ns() + SERVER_ACCEPT_PAUSE_NS;
		return false;
	}
	return true; /* the connection has gone again, or its network has: accept(2) */
}

static void on_connection(void *data, uint32_t events)
{
	(void)events;
	struct server_listener *listener = data;
	for (int i = 0; i < SERVER_ACCEPT_BATCH && server_accept(listener); i++)
		;
	server_arm(listener->server);
}

static bool needs_token(const struct server_params *params)
{
	return params->token_file && params->token_file[0];
}

static struct listen_params listen_params_of(const struct server_params *params)
{
	return (struct listen_params){
		.address = params->bind,
		.port = params->port,
		.may_leave_loopback = needs_token(params) || params->allow_unauthenticated,
		.bind_option = "network.bind",
		.port_option = "network.trigger_port",
		.token_option = "network.token_file",
	};
}

static int load_token(const struct server_params *params, struct token *token, struct error *error)
{
	return needs_token(params) ? token_load("network.token_file", params->token_file, token, error) : 0;
}

int server_check(const struct server_params *params, struct error *error)
{
	const struct listen_params listen = listen_params_of(params);
	return listen_check(&listen, error);
}

int server_check_files(const struct server_params *params, struct error *error)
{
	struct token token;
	return load_token(params, &token, error);
}

static int open_tcp(struct server *server, const struct server_params *params, struct error *error)
{
	const struct listen_params listen = listen_params_of(params);
	server->needs_token = needs_token(params);
	int result = load_token(params, &server->token, error);
	if (result < 0)
		return result;
	result = listen_open(&listen, error);
	if (result >= 0)
		server->listeners[LISTENER_TCP].fd = result;
	return result < 0 ? result : 0;
}

/* Without its socket the camera still remembers, so only another process that serves it is a reason not to start. */
static int open_local(struct server *server, const char *path, struct error *error)
{
	if (!path || !path[0])
		return 0;
	struct error reason = { 0 };
	int result = socket_file_open(&server->socket_file, path, &reason);
	if (result == -EADDRINUSE)
		return error_set(error, result, "%s", reason.text);
	if (result < 0)
		log_error("network.socket_dir: %s. pastcam goes on without this socket", reason.text);
	server->listeners[LISTENER_LOCAL].fd = server->socket_file.fd;
	server->listeners[LISTENER_LOCAL].local = true;
	return 0;
}

static int server_open(struct server *server, const struct server_params *params, struct error *error)
{
	int result = open_tcp(server, params, error);
	if (result == 0)
		result = open_local(server, params->socket_path, error);
	if (result < 0)
		return result;
	server->handover = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (server->handover >= 0)
		server->handover_watch = loop_add(server->loop, server->handover, EPOLLIN, on_handover, server);
	server->timer = loop_add_timer(server->loop, on_timer, server);
	bool watched = server->handover_watch && server->timer;
	for (int i = 0; i < LISTENER_COUNT && watched; i++) {
		struct server_listener *listener = &server->listeners[i];
		if (listener->fd < 0)
			continue;
		listener->watch = loop_add(server->loop, listener->fd, EPOLLIN, on_connection, listener);
		watched = listener->watch;
	}
	return watched ? 0 : error_set_errno(error, -errno, "cannot watch the trigger port");
}

/* So that no flood of clients uses up the descriptors that pictures and the camera need. */
static int clients_that_fit(int wanted)
{
	struct rlimit limit;
	rlim_t needed = SERVER_OTHER_DESCRIPTORS + 2 * (rlim_t)wanted;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= needed)
		return wanted;
	limit.rlim_cur = limit.rlim_max < needed ? limit.rlim_max : needed;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0 && getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return wanted;
	if (limit.rlim_cur == needed)
		return wanted;
	int room = limit.rlim_cur > SERVER_OTHER_DESCRIPTORS + 2 ? (int)(limit.rlim_cur - SERVER_OTHER_DESCRIPTORS) / 2 : 1;
	log_warning("network.max_clients: %d clients at once instead of %d, since this process may open no more than %llu "
	            "files",
	            room, wanted, (unsigned long long)limit.rlim_cur);
	return room;
}

struct server *server_create(const struct server_params *params, struct loop *loop, server_line on_line, void *data,
                             struct error *error)
{
	assert(on_line && params->max_clients > 0 && params->idle_timeout_s > 0 && params->total_timeout_s > 0);
	struct server *server = calloc(1, sizeof *server);
	if (!server) {
		error_set(error, -ENOMEM, "no memory for the trigger port");
		return NULL;
	}
	pthread_mutex_init(&server->lock, NULL);
	server->loop = loop;
	server->on_line = on_line;
	server->data = data;
	server->idle_ns = (int64_t)(params->idle_timeout_s * (double)CLOCK_NS_PER_S);
	server->total_ns = (int64_t)(params->total_timeout_s * (double)CLOCK_NS_PER_S);
	server->least_taken = (uint64_t)(params->total_timeout_s * SERVER_LEAST_BYTES_PER_S);
	server->handover = -1;
	server->socket_file = SOCKET_FILE_NULL;
	for (int i = 0; i < LISTENER_COUNT; i++)
		server->listeners[i] = (struct server_listener){ .server = server, .fd = -1 };
	server->max_clients = clients_that_fit(params->max_clients);
	server->slots = 2 * server->max_clients;
	server->clients = calloc((size_t)server->slots, sizeof *server->clients);
	server->pending_replies = calloc((size_t)server->slots, sizeof *server->pending_replies);
	if (!server->clients || !server->pending_replies) {
		error_set(error, -ENOMEM, "no memory for %d clients: set network.max_clients lower", params->max_clients);
		server_destroy(server);
		return NULL;
	}
	for (int i = 0; i < server->slots; i++)
		server->clients[i] = (struct client){ .server = server, .connection = CONNECTION_NULL };
	if (server_open(server, params, error) < 0) {
		server_destroy(server);
		return NULL;
	}
	return server;
}

void server_close(struct server *server)
{
	/* The port is free from here on, even if the kernel keeps the process because a disk holds one of its threads. */
	for (int i = 0; i < LISTENER_COUNT; i++) {
		loop_remove(server->listeners[i].watch);
		server->listeners[i].watch = NULL;
	}
	if (server->listeners[LISTENER_TCP].fd >= 0)
		close(server->listeners[LISTENER_TCP].fd);
	socket_file_close(&server->socket_file);
	server->listeners[LISTENER_TCP].fd = server->listeners[LISTENER_LOCAL].fd = -1;
	server_pass_replies(server);
	for (int i = 0; i < server->slots; i++) {
		if (server->clients[i].state == CLIENT_WAITING)
			client_answer(&server->clients[i], "BUSY pastcam is stopping");
		client_close(&server->clients[i]);
	}
}

void server_destroy(struct server *server)
{
	if (!server)
		return;
	if (server->clients && server->pending_replies)
		server_close(server);
	loop_remove(server->handover_watch);
	loop_remove(server->timer);
	if (server->handover >= 0)
		close(server->handover);
	free(server->clients);
	free(server->pending_replies);
	pthread_mutex_destroy(&server->lock);
	free(server);
}

int server_port(const struct server *server)
{
	return listen_port(server->listeners[LISTENER_TCP].fd);
}
