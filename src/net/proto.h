/* The trigger protocol's lines: pure parsing, no I/O. */
#ifndef PASTCAM_NET_PROTO_H
#define PASTCAM_NET_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "export/export.h"
#include "media/stack.h"
#include "net/moment.h"

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

/* What commands may be told. A bit of PROTO_TAKES_… each, also in `given`. */
enum {
	PROTO_FORMATS = 1 << 0,
	PROTO_AT = 1 << 1,
	PROTO_COUNT = 1 << 2,
	PROTO_MODE = 1 << 3,
	PROTO_WIDTH = 1 << 4,
	PROTO_META = 1 << 5,
	PROTO_BEFORE = 1 << 6,
	PROTO_AFTER = 1 << 7,
	PROTO_FPS = 1 << 8,
	PROTO_SINCE = 1 << 9,
	PROTO_MIXED = 1 << 10,
	PROTO_ONCE = 1 << 11,
};

struct proto_arguments {
	unsigned given;   /* which of them were */
	unsigned formats; /* set of enum export_format */
	struct moment at;
	int count; /* 1 to STACK_COUNT_MAX */
	enum stack_mode mode;
	int width;                   /* pixels, PROTO_WIDTH_MIN to PROTO_WIDTH_MAX */
	int64_t before_ns, after_ns; /* 0 to PROTO_SPAN_MOST_S */
	double fps;                  /* over 0, at most 1000 */
	const char *since;           /* in the line */
};

enum { PROTO_WIDTH_MIN = 1, PROTO_WIDTH_MAX = 65535, PROTO_SPAN_MOST_S = 3600 };

/* What each command that saves or holds takes. */
enum {
	PROTO_TAKEN_BY_SAVE = PROTO_FORMATS,
	PROTO_TAKEN_BY_PAST = PROTO_FORMATS | PROTO_AT | PROTO_COUNT,
	PROTO_TAKEN_BY_STACK = PROTO_FORMATS | PROTO_AT | PROTO_COUNT | PROTO_MODE | PROTO_MIXED,
	PROTO_TAKEN_BY_PIN = PROTO_AT | PROTO_BEFORE | PROTO_AFTER,
};

/* Parses the words after the command: formats and names before `=` in any case. takes: a set of the above. -EINVAL with
 * a text such as `unknown format "gif": use jpg, png or npy`; a format twice is one of them for a command that takes
 * PROTO_META, which sends one picture. */
int proto_parse_arguments(const struct proto_words *words, unsigned takes, struct proto_arguments *arguments,
                          struct error *error);

/* `keep ID [formats]` and `drop ID`: the ID that `pin` has answered, and the formats of `keep`. -EINVAL with a text. */
int proto_parse_pin(const struct proto_words *words, uint64_t *id, struct error *error);
int proto_parse_keep(const struct proto_words *words, uint64_t *id, struct proto_arguments *arguments,
                     struct error *error);

enum { PROTO_VIDEO_MOST_S = 86400 };

struct proto_clip {
	bool stop, wait;
	double before_s, after_s; /* negative: not given */
	const char *label;        /* in the line, or "" */
};

/* Parses the words after `clip`. -EINVAL with a text. */
int proto_parse_clip(const struct proto_words *words, struct proto_clip *clip, struct error *error);

/* What follows "name=", the name in any case; NULL when word is another. */
const char *proto_value_of(const char *word, const char *name);
int proto_parse_seconds(const char *name, const char *text, double least, double most, double *seconds,
                        struct error *error);

#endif
