/* Inside rules_parse.c and rules_actions.c. */
#ifndef PASTCAM_HUB_RULES_PARSE_H
#define PASTCAM_HUB_RULES_PARSE_H

#include "rules.h"

/* "KEY" must be WANTED: -EINVAL. */
int rules_refuse(struct error *error, const char *key, const char *wanted);

/* The list "do" of a rule whose triggers are known. */
int rules_parse_do(const cJSON *list, struct rule *rule, struct error *error);

#endif
