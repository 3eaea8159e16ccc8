#include "net/status_network.h"

#include "net/server.h"

struct snapshot {
	struct server_status server;
	int port;
};

static void take(const void *data, void *into)
{
	struct server *server = (struct server *)data;
	struct snapshot *snapshot = into;
	server_status(server, &snapshot->server);
	snapshot->port = server_port(server);
}

#define ROW(path, form, member, kind, unit, help)                                                                      \
	{                                                                                                                  \
		path, form, offsetof(struct snapshot, member), kind, unit, help                                                \
	}
static const struct status_row rows[] = {
	ROW("network.port", STATUS_INT, port, STATUS_INFO, "", "The TCP port that answers."),
	ROW("network.clients", STATUS_INT, server.clients, STATUS_GAUGE, "clients",
	    "Connected now, without those that are answered and leaving."),
	ROW("network.streams", STATUS_INT, server.streams, STATUS_GAUGE, "clients",
	    "Those of them that follow `live`, `events` and the like."),
	ROW("network.accepted", STATUS_UINT64, server.accepted, STATUS_COUNTER, "clients", "Connections."),
	ROW("network.answered", STATUS_UINT64, server.answered, STATUS_COUNTER, "replies", "Replies sent, of any kind."),
	ROW("network.refused", STATUS_UINT64, server.refused, STATUS_COUNTER, "clients",
	    "Connections beyond `network.max_clients`."),
	ROW("network.timed_out", STATUS_UINT64, server.timed_out, STATUS_COUNTER, "clients",
	    "No line, or no reply, in time."),
	ROW("network.unauthorised", STATUS_UINT64, server.unauthorised, STATUS_COUNTER, "clients",
	    "No token or a wrong one."),
};

const struct status_group status_network = STATUS_GROUP(rows, struct snapshot, take);
