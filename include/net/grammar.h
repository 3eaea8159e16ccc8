/* What the line protocol can be told at all: for whoever sends lines for others, and would rather refuse at once. Pure.
 */
#ifndef PASTCAM_NET_GRAMMAR_H
#define PASTCAM_NET_GRAMMAR_H

#include "base/error.h"

/* Looks at the words of `save`, `past`, `pastStack`, `pin`, `keep`, `drop` and `clip` with the parsers that the daemon
 * reads them with; other lines are taken as they are. 0, or -EINVAL with the sentence that the daemon would answer,
 * without its first word. A line that is good may still be refused: for a moment that is gone, or no memory. */
int grammar_check(const char *line, struct error *error);

#endif
