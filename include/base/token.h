/*
 * The shared secret of a port (the trigger port's, the page's), and how failed attempts are slowed down. The secret's
 * length is the defence
 * (`pastcam token` makes 256 bits); the slow-down keeps a guessing loop cheap and visible. Logs nothing.
 */
#ifndef PASTCAM_BASE_TOKEN_H
#define PASTCAM_BASE_TOKEN_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"

enum { TOKEN_BYTES_MIN = 16, TOKEN_BYTES_MAX = 256 };

struct token {
	size_t length;
	char text[TOKEN_BYTES_MAX + 1];
};

/* Reads the first line of path. -EINVAL when group or others have any access, the owner is neither this process's user
 * nor root, it is no regular file, or the token is shorter than TOKEN_BYTES_MIN, longer than TOKEN_BYTES_MAX or holds
 * anything but printable ASCII without spaces; -errno when it cannot be read. option: "network.token_file", for the
 * reasons. */
int token_load(const char *option, const char *path, struct token *token, struct error *error);

/* A new random token of 256 bits as 64 hex digits, written to path with mode 0600 unless a file is there (-EEXIST). */
int token_create(const char *path, struct error *error);

/* Takes as long for any given text of the same length, right or wrong. */
bool token_matches(const struct token *token, const char *given);

/* Failed attempts per address (IPv6: per /64). The first costs its sender THROTTLE_FIRST_NS, each further one twice as
 * much up to THROTTLE_MOST_NS; THROTTLE_FORGET_NS without a failure clears the record. When more addresses than
 * THROTTLE_ADDRESSES fail at a time, the one that failed longest ago is forgotten. */
enum { THROTTLE_ADDRESSES = 64 };
#define THROTTLE_FIRST_NS INT64_C(250000000)
#define THROTTLE_MOST_NS INT64_C(8000000000)
#define THROTTLE_FORGET_NS INT64_C(60000000000)

struct throttle_entry {
	struct in6_addr address; /* IPv4 as ::ffff:a.b.c.d */
	uint64_t failures;       /* 0: free */
	int64_t last_ns;
};

struct throttle {
	struct throttle_entry entries[THROTTLE_ADDRESSES];
};

/* How long an attempt from this address has to wait before it may be judged, nanoseconds: 0 or less, it need not. When
 * several wait, each asks again when its time has come: they are judged one after the other. */
int64_t throttle_wait_ns(struct throttle *throttle, const struct sockaddr_storage *address, int64_t now_ns);

/* Records a failure at now_ns (monotonic) and returns how long its reply is to wait, nanoseconds. failures gets how
 * many there have been from that address. */
int64_t throttle_failed(struct throttle *throttle, const struct sockaddr_storage *address, int64_t now_ns,
                        uint64_t *failures);

#endif
