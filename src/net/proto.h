/* The trigger protocol's lines: pure parsing, no I/O. */
#ifndef PASTCAM_NET_PROTO_H
#define PASTCAM_NET_PROTO_H

#include <stdbool.h>
#include <stddef.h>

#include "export/export.h"
#include "media/stack.h"

/* A line's length at most, without its end (LF or CRLF). */
enum { PROTO_LINE_BYTES = 1024, PROTO_WORDS_MAX = 16 };

/* A line cut into its words. The line itself is changed and must live as long. */
struct proto_words {
	size_t count;
	const char *word[PROTO_WORDS_MAX];
};

/* Cuts at spaces and tabs; CR and LF at the end are dropped. 0 words for an empty line. -EINVAL for control bytes,
 * -E2BIG for too many words; words is empty then. */
int proto_split(char *line, struct proto_words *words);

/* Cuts `auth TOKEN` off the front of line, which is changed. token: "" when none came after `auth`. rest: what follows,
 * maybe "". False, and nothing changed, when the line's first word is not `auth`. */
bool proto_cut_auth(char *line, const char **token, char **rest);

/* What save, past and pastStack may be told. */
struct proto_export {
	unsigned formats; /* 0: as configured */
	bool has_at;
	double at_s; /* seconds, zero or negative: -5 is five seconds ago */
	bool has_count;
	int count; /* 1 to STACK_COUNT_MAX */
	bool has_mode;
	enum stack_mode mode;
};

/* at_s reaches no further back than this. */
#define PROTO_AT_MOST_S 1000000.0

/* Which arguments a command takes. */
enum { PROTO_TAKES_FORMATS = 1, PROTO_TAKES_TIME = 2, PROTO_TAKES_MODE = 4 };

/* Parses the words after the command: formats and names before `=` in any case. -EINVAL with a text such as
 * `unknown format "gif": use jpg, png or npy`. */
int proto_parse_export(const struct proto_words *words, unsigned takes, struct proto_export *request,
                       struct error *error);

#endif
