/* Builds one line of the protocol from words that strangers sent, so that a value can never become a second word or a
 * second line. Pure. */
#ifndef PASTCAM_WEB_LINE_H
#define PASTCAM_WEB_LINE_H

#include <stddef.h>

#include "base/error.h"
#include "client/client.h"

struct line {
	char text[CLIENT_LINE_BYTES];
	size_t length;
	int result; /* the first thing that failed, negative errno; later words change nothing */
};
#define LINE_NULL ((struct line){ .length = 0 })

/* Appends a word; -EINVAL when it is empty or has a space or a control character in it, -ENAMETOOLONG when the line
 * would be too long. */
int line_word(struct line *line, const char *word, struct error *error);

/* Appends name=value; nothing when value is NULL. */
int line_pair(struct line *line, const char *name, const char *value, struct error *error);

/* A moment as people write it in an address: "-5", "now", "1795256095.358", "2026-11-26T10:15:00Z". The daemon judges
 * it; here it is only certain to be one such word. */
int line_check_moment(const char *moment, struct error *error);

#endif
