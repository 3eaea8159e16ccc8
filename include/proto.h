/* The trigger protocol's lines: pure parsing and formatting, no I/O. */
#ifndef PASTCAM_PROTO_H
#define PASTCAM_PROTO_H

#include <stdbool.h>
#include <stddef.h>

#include "export.h"
#include "stack.h"

enum { PROTO_LINE_BYTES = 1024, PROTO_WORDS_MAX = 16 };

/* A line cut into its words. The line itself is changed and must live as long. */
struct proto_words {
	size_t count;
	const char *word[PROTO_WORDS_MAX];
};

/* Cuts at spaces and tabs; CR and LF at the end are dropped. -EINVAL for control bytes, -E2BIG for too many words. */
int proto_split(char *line, struct proto_words *words);

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

/* Which arguments a command takes. */
enum { PROTO_TAKES_FORMATS = 1, PROTO_TAKES_TIME = 2, PROTO_TAKES_MODE = 4 };

/* Parses the words after the command. -EINVAL with a text such as `unknown format "gif": use jpg, png or npy`. */
int proto_parse_export(const struct proto_words *words, unsigned takes, struct proto_export *request,
                       struct error *error);

int proto_stack_mode_of(const char *name, enum stack_mode *mode); /* 0 or -EINVAL */
const char *proto_stack_mode_name(enum stack_mode mode);

#endif
