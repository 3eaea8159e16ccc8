#include <errno.h>
#include <string.h>

#include "client/client.h"

static const double connect_timeout_s = 5;

struct asking {
	struct loop *loop;
	struct client_call *call;
	client_sink sink;
	void *data;
	int result; /* the sink's */
	struct error error;
};

static void on_bytes(void *data, const void *bytes, size_t length, uint64_t left)
{
	(void)left;
	struct asking *asking = data;
	asking->result = asking->sink(asking->data, bytes, length);
	if (asking->result < 0) {
		client_call_cancel(asking->call);
		loop_stop(asking->loop);
	}
}

static void on_end(void *data, const struct error *error)
{
	struct asking *asking = data;
	asking->error = *error;
	loop_stop(asking->loop);
}

int client_ask(const struct client_address *address, const char *line, double reply_timeout_s, client_sink sink,
               void *data, struct error *error)
{
	struct asking asking = { .loop = loop_create(error), .sink = sink, .data = data };
	if (!asking.loop)
		return -ENOMEM;
	const struct client_call_params params = {
		.address = *address,
		.line = line,
		.reply = CLIENT_BYTES,
		.handlers = { .bytes = on_bytes, .end = on_end },
		.data = &asking,
		.connect_timeout_s = connect_timeout_s,
		.reply_timeout_s = reply_timeout_s,
	};
	asking.call = client_call_begin(asking.loop, &params, &asking.error);
	int result = asking.call ? loop_run(asking.loop) : asking.error.code;
	loop_destroy(asking.loop);
	if (asking.result < 0)
		return asking.result;
	if (asking.error.code < 0 && error)
		*error = asking.error;
	return asking.error.code < 0 ? asking.error.code : result;
}

/* NOT_SAVED, NOT_SENT, NO_FRAMES … and three more words. */
bool client_reply_failed(const char *reply, size_t length)
{
	static const char *const others[] = { "BUSY", "UNAUTHORISED", "UNKNOWN_COMMAND" };
	size_t word = 0;
	while (word < length && ((reply[word] >= 'A' && reply[word] <= 'Z') || reply[word] == '_'))
		word++;
	if (word < length && !strchr(" :\r\n", reply[word]))
		return false;
	if ((word > 4 && memcmp(reply, "NOT_", 4) == 0) || (word > 3 && memcmp(reply, "NO_", 3) == 0))
		return true;
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		if (word == strlen(others[i]) && memcmp(reply, others[i], word) == 0)
			return true;
	return false;
}
