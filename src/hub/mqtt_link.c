#include "mqtt_link.h"

#include <errno.h>
#include <fcntl.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/thread.h"

enum { RETRY_FIRST_S = 1, RETRY_MOST_S = 60, STOP_S = 2, IN_FLIGHT = 20, READS = 16, REASON_BYTES = 160 };

struct mqtt_link {
	struct loop *loop;
	struct mqtt_link_params params;
	struct mosquitto *client;
	struct loop_watch *watch, *tick, *retry, *connected_watch;
	struct thread thread; /* connects */
	int connected;        /* an eventfd: it has, or has not */
	int watched;          /* a copy of the connection's descriptor, which libmosquitto closes before it says so */
	int connect_result, connect_errno;
	bool is_up, is_lost, wants_write;
	int retry_s;
	char reason[REASON_BYTES]; /* what libmosquitto complained of last */
	struct log_fault fault, refused;
};

/* --- ending a connection --- */

static void drop(struct mqtt_link *link)
{
	bool was_up = link->is_up;
	loop_remove(link->watch);
	link->watch = NULL;
	if (link->watched >= 0)
		close(link->watched);
	link->watched = -1;
	link->is_up = link->is_lost = false;
	mosquitto_destroy(link->client);
	link->client = NULL;
	loop_set_timer(link->tick, 0, 0);
	if (was_up)
		link->params.down(link->params.data);
}

static void fail(struct mqtt_link *link, const char *reason)
{
	/* The last complaint of libmosquitto tells more than its code, of TLS above all. */
	log_fault_begin(&link->fault, "The MQTT broker %.100s port %d: %s%s%s; it is tried again", link->params.host,
	                link->params.port, reason, link->reason[0] ? ": " : "", link->reason);
	drop(link);
	/* A quarter more or less, so that many hubs do not come at once. */
	int64_t wait_ns = link->retry_s * CLOCK_NS_PER_S / 4 * (3 + (int64_t)(random_draw() % 3));
	loop_set_timer(link->retry, wait_ns, 0);
	link->retry_s = link->retry_s * 2 < RETRY_MOST_S ? link->retry_s * 2 : RETRY_MOST_S;
}

/* libmosquitto must not be destroyed inside of its own callbacks, so all of it ends here. */
static void settle(struct mqtt_link *link, int result)
{
	if (!link->client)
		return;
	if (result != MOSQ_ERR_SUCCESS || link->is_lost) {
		fail(link, result != MOSQ_ERR_SUCCESS ? mosquitto_strerror(result) : "it ended the connection");
		return;
	}
	bool wants_write = mosquitto_want_write(link->client);
	if (link->watch && wants_write != link->wants_write) {
		link->wants_write = wants_write;
		loop_change(link->watch, EPOLLIN | (wants_write ? EPOLLOUT : 0u));
	}
}

/* --- what libmosquitto tells --- */

static void on_connect(struct mosquitto *client, void *data, int code)
{
	(void)client;
	struct mqtt_link *link = data;
	if (code != 0) {
		snprintf(link->reason, sizeof link->reason, "%s",
		         link->params.version_5 ? mosquitto_reason_string(code) : mosquitto_connack_string(code));
		link->is_lost = true;
		return;
	}
	link->is_up = true;
	link->retry_s = RETRY_FIRST_S;
	log_fault_end(&link->fault, "The MQTT broker is there again");
	log_info("Connected to the MQTT broker %.100s port %d", link->params.host, link->params.port);
	link->params.up(link->params.data);
}

static void on_disconnect(struct mosquitto *client, void *data, int code)
{
	(void)client;
	(void)code;
	((struct mqtt_link *)data)->is_lost = true;
}

/* With MQTT 5, a broker says so when it does not want one, for want of rights above all. */
static void on_publish(struct mosquitto *client, void *data, int message_id, int reason, const mosquitto_property *more)
{
	(void)client;
	(void)more;
	struct mqtt_link *link = data;
	if (reason >= MQTT_RC_UNSPECIFIED)
		log_fault_begin(&link->refused, "The MQTT broker %.100s refuses messages: %s", link->params.host,
		                mosquitto_reason_string(reason));
	link->params.acknowledged(link->params.data, message_id);
}

static void on_message(struct mosquitto *client, void *data, const struct mosquitto_message *message)
{
	(void)client;
	const struct mqtt_link *link = data;
	link->params.message(link->params.data, message->topic, message->payload ? message->payload : "",
	                     (size_t)message->payloadlen, message->retain);
}

/* On the connecting thread too, but then on that alone. */
static void on_log(struct mosquitto *client, void *data, int level, const char *text)
{
	(void)client;
	struct mqtt_link *link = data;
	if (level == MOSQ_LOG_ERR)
		snprintf(link->reason, sizeof link->reason, "%s", text);
}

/* --- the loop --- */

static void on_socket(void *data, uint32_t events)
{
	struct mqtt_link *link = data;
	int result = events & EPOLLOUT ? mosquitto_loop_write(link->client, 1) : MOSQ_ERR_SUCCESS;
	/* TLS may hold more than the socket shows. */
	for (int i = 0; i < READS && result == MOSQ_ERR_SUCCESS && !link->is_lost && events & ~(uint32_t)EPOLLOUT; i++)
		result = mosquitto_loop_read(link->client, 1);
	settle(link, result);
}

static void on_tick(void *data, uint32_t times)
{
	(void)times;
	struct mqtt_link *link = data;
	int result = mosquitto_loop_misc(link->client); /* keepalive */
	if (result == MOSQ_ERR_SUCCESS)
		result = mosquitto_loop_read(link->client, 1);
	settle(link, result);
}

static void run_connect(void *data)
{
	struct mqtt_link *link = data;
	const uint64_t one = 1;
	link->connect_result =
	    mosquitto_connect(link->client, link->params.host, link->params.port, link->params.keepalive_s);
	link->connect_errno = errno;
	if (write(link->connected, &one, sizeof one) < 0)
		log_error("The MQTT connection cannot be handed over");
}

static void on_connected(void *data, uint32_t events)
{
	(void)events;
	struct mqtt_link *link = data;
	uint64_t count;
	if (read(link->connected, &count, sizeof count) < 0)
		return;
	thread_join(&link->thread);
	if (link->connect_result != MOSQ_ERR_SUCCESS) {
		fail(link, link->connect_result == MOSQ_ERR_ERRNO ? strerror(link->connect_errno)
		                                                  : mosquitto_strerror(link->connect_result));
		return;
	}
	link->wants_write = true;
	link->watched = fcntl(mosquitto_socket(link->client), F_DUPFD_CLOEXEC, 0);
	if (link->watched >= 0)
		link->watch = loop_add(link->loop, link->watched, EPOLLIN | EPOLLOUT, on_socket, link);
	if (!link->watch) {
		fail(link, strerror(errno));
		return;
	}
	loop_set_timer(link->tick, CLOCK_NS_PER_S, CLOCK_NS_PER_S);
	settle(link, MOSQ_ERR_SUCCESS);
}

/* --- connecting --- */

static int set_tls(const struct mqtt_link *link)
{
	const struct mqtt_link_params *params = &link->params;
	if (!params->tls)
		return MOSQ_ERR_SUCCESS;
	return mosquitto_tls_set(
	    link->client, params->ca_file[0] ? params->ca_file : NULL, params->ca_file[0] ? NULL : "/etc/ssl/certs",
	    params->cert_file[0] ? params->cert_file : NULL, params->key_file[0] ? params->key_file : NULL, NULL);
}

static int set_up_client(struct mqtt_link *link)
{
	static const char offline[] = "offline";
	const struct mqtt_link_params *params = &link->params;
	int result = mosquitto_int_option(link->client, MOSQ_OPT_PROTOCOL_VERSION,
	                                  params->version_5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311);
	mosquitto_int_option(link->client, MOSQ_OPT_TCP_NODELAY, 1);
	mosquitto_max_inflight_messages_set(link->client, IN_FLIGHT);
	mosquitto_connect_callback_set(link->client, on_connect);
	mosquitto_disconnect_callback_set(link->client, on_disconnect);
	mosquitto_publish_v5_callback_set(link->client, on_publish);
	mosquitto_message_callback_set(link->client, on_message);
	mosquitto_log_callback_set(link->client, on_log);
	if (result == MOSQ_ERR_SUCCESS && params->user[0])
		result = mosquitto_username_pw_set(link->client, params->user, params->password[0] ? params->password : NULL);
	if (result == MOSQ_ERR_SUCCESS)
		result = mosquitto_will_set(link->client, params->will_topic, sizeof offline - 1, offline, 1, true);
	return result == MOSQ_ERR_SUCCESS ? set_tls(link) : result;
}

static void connect_now(struct mqtt_link *link)
{
	link->reason[0] = '\0';
	link->client = mosquitto_new(link->params.client_id, true, link);
	int result = link->client ? set_up_client(link) : MOSQ_ERR_NOMEM;
	if (result != MOSQ_ERR_SUCCESS)
		fail(link, mosquitto_strerror(result));
	else if (thread_start(&link->thread, "mqtt", THREAD_CONTROL, run_connect, link) < 0)
		fail(link, "there is no room for a thread");
}

static void on_retry(void *data, uint32_t times)
{
	(void)times;
	connect_now(data);
}

struct mqtt_link *mqtt_link_create(struct loop *loop, const struct mqtt_link_params *params, struct error *error)
{
	struct mqtt_link *link = calloc(1, sizeof *link);
	if (!link) {
		error_set(error, -ENOMEM, "no memory for MQTT");
		return NULL;
	}
	mosquitto_lib_init();
	link->loop = loop;
	link->params = *params;
	link->retry_s = RETRY_FIRST_S;
	link->watched = -1;
	link->connected = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	link->tick = loop_add_timer(loop, on_tick, link);
	link->retry = loop_add_timer(loop, on_retry, link);
	link->connected_watch = link->connected >= 0 ? loop_add(loop, link->connected, EPOLLIN, on_connected, link) : NULL;
	if (!link->tick || !link->retry || !link->connected_watch) {
		error_set_errno(error, -errno, "cannot watch the MQTT broker");
		mqtt_link_destroy(link);
		return NULL;
	}
	connect_now(link);
	return link;
}

/* A connection that is still being made is left to the end of the process. */
void mqtt_link_destroy(struct mqtt_link *link)
{
	if (!link)
		return;
	if (!thread_join_within(&link->thread, STOP_S * CLOCK_NS_PER_S))
		return;
	if (link->is_up) {
		mqtt_link_publish(link, link->params.will_topic, "offline", 7, true);
		mosquitto_disconnect(link->client);
		for (int i = 0; i < READS && link->client && mosquitto_want_write(link->client); i++)
			if (mosquitto_loop_write(link->client, 1) != MOSQ_ERR_SUCCESS)
				break;
	}
	link->params.down = NULL;
	link->is_up = false;
	drop(link);
	loop_remove(link->tick);
	loop_remove(link->retry);
	loop_remove(link->connected_watch);
	if (link->connected >= 0)
		close(link->connected);
	mosquitto_lib_cleanup();
	free(link);
}

bool mqtt_link_is_up(const struct mqtt_link *link)
{
	return link->is_up && !link->is_lost;
}

static bool may_never_be_sent(int result)
{
	return result == MOSQ_ERR_INVAL || result == MOSQ_ERR_MALFORMED_UTF8 || result == MOSQ_ERR_PAYLOAD_SIZE ||
	       result == MOSQ_ERR_OVERSIZE_PACKET;
}

int mqtt_link_publish(struct mqtt_link *link, const char *topic, const void *payload, size_t bytes, bool is_retained)
{
	int message_id = -1;
	if (!mqtt_link_is_up(link))
		return -ENOTCONN;
	int result = mosquitto_publish(link->client, &message_id, topic, (int)bytes, payload, 1, is_retained);
	if (link->watch && !link->wants_write && mosquitto_want_write(link->client)) {
		link->wants_write = true;
		loop_change(link->watch, EPOLLIN | EPOLLOUT);
	}
	return result == MOSQ_ERR_SUCCESS ? message_id : may_never_be_sent(result) ? -EINVAL : -EIO;
}

int mqtt_link_subscribe(struct mqtt_link *link, const char *topic)
{
	if (!mqtt_link_is_up(link))
		return -ENOTCONN;
	return mosquitto_subscribe(link->client, NULL, topic, 1) == MOSQ_ERR_SUCCESS ? 0 : -EIO;
}
