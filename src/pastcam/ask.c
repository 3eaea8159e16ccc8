#include "ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fsio.h"
#include "base/token.h"
#include "client/client.h"
#include "compose.h"

enum { HEAD_BYTES = 24 /* more than any word that tells of a failure */ };

/* The daemon answers BUSY after five minutes itself. */
static const double reply_timeout_s = 330;

/* The reply's first bytes are held until they tell whether it is one of a failure. */
struct output {
	int fd; /* -1: not known yet */
	bool has_failed;
	char head[HEAD_BYTES];
	size_t held;
};

static bool is_picture(const char *head, size_t length)
{
	static const unsigned char firsts[] = { 0xff /* JPEG */, 0x89 /* PNG */, 0x93 /* NPY */ };
	return length > 0 && memchr(firsts, (unsigned char)head[0], sizeof firsts) != NULL;
}

static int choose(struct output *output)
{
	output->has_failed = client_reply_failed(output->head, output->held);
	output->fd = output->has_failed ? STDERR_FILENO : STDOUT_FILENO;
	if (!output->has_failed && is_picture(output->head, output->held) && isatty(STDOUT_FILENO)) {
		fputs("pastcam: the reply is a picture, which a terminal cannot show: send it to a file, as in "
		      "pastcam ask get > past.jpg\n",
		      stderr);
		return -EBADF;
	}
	int result = fsio_write(output->fd, output->head, output->held);
	if (result < 0)
		fprintf(stderr, "pastcam: cannot write the reply: %s\n", strerror(-result));
	return result;
}

static int on_bytes(void *data, const void *bytes, size_t length)
{
	struct output *output = data;
	size_t part = 0;
	if (output->fd < 0) {
		part = length < HEAD_BYTES - output->held ? length : HEAD_BYTES - output->held;
		memcpy(output->head + output->held, bytes, part);
		output->held += part;
		if (output->held < HEAD_BYTES && !memchr(output->head, '\n', output->held))
			return 0;
		int result = choose(output);
		if (result < 0)
			return result;
	}
	int result = fsio_write(output->fd, (const char *)bytes + part, length - part);
	if (result < 0)
		fprintf(stderr, "pastcam: cannot write the reply: %s\n", strerror(-result));
	return result;
}

static int ask(const struct client_address *address, const char *line, struct output *output, struct error *error)
{
	int result = client_ask(address, line, reply_timeout_s, on_bytes, output, error);
	if (output->fd < 0 && output->held > 0 && choose(output) < 0)
		return -EBADF;
	return result;
}

/* Nobody is there, or none that lets us in: the other way may work. */
static bool is_unreachable(int code)
{
	return code == -ENOENT || code == -ECONNREFUSED || code == -EACCES || code == -ENETUNREACH || code == -EHOSTUNREACH;
}

/* Where a daemon with this network.bind answers on its own machine. */
static const char *local_host(const char *bind)
{
	if (strcmp(bind, "0.0.0.0") == 0)
		return "127.0.0.1";
	return strcmp(bind, "::") == 0 ? "::1" : bind;
}

static int ask_port(const struct config *config, const char *line, struct output *output, struct error *error)
{
	struct token token = { 0 };
	if (config->network.trigger_port == 0)
		return error_set(error, -ENOENT, "network.trigger_port is 0, which does not tell where pastcam answers");
	if (config->network.token_file[0]) {
		int result = token_load("network.token_file", config->network.token_file, &token, error);
		if (result < 0)
			return -EINVAL;
		token.text[token.length] = '\0';
	}
	const struct client_address address = {
		.host = local_host(config->network.bind),
		.port = config->network.trigger_port,
		.token = token.text,
	};
	return ask(&address, line, output, error);
}

static int ask_any(const struct config *config, const char *line, struct output *output, struct error *error)
{
	char path[FSIO_PATH_BYTES];
	struct error port_error = { 0 };
	const struct client_address address = { .socket_path = compose_socket_path(config, path) };
	if (!path[0])
		return ask_port(config, line, output, error);
	int result = ask(&address, line, output, error);
	if (!is_unreachable(result))
		return result;
	int port_result = ask_port(config, line, output, &port_error);
	if (is_unreachable(port_result) || port_result == -EINVAL) {
		char first[sizeof error->text];
		snprintf(first, sizeof first, "%s", error->text);
		return error_set(error, port_result, "%.120s, and %.120s", first, port_error.text);
	}
	*error = port_error;
	return port_result;
}

int ask_run(const struct config *config, const char *line)
{
	struct output output = { .fd = -1 };
	struct error error = { 0 };
	int result = ask_any(config, line, &output, &error);
	if (result < 0 && error.code < 0)
		fprintf(stderr, "pastcam: %s%s\n", error.text, is_unreachable(result) ? ": is pastcam running?" : "");
	if (result < 0 && is_unreachable(result))
		return ASK_UNREACHABLE;
	return result < 0 || output.has_failed ? ASK_FAILED : EXIT_STOPPED;
}
