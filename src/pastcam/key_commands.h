/* `pastcam seal-key`, `sign-key` and `verify`: they need no configuration. */
#ifndef PASTCAM_PASTCAM_KEY_COMMANDS_H
#define PASTCAM_PASTCAM_KEY_COMMANDS_H

#include <stdbool.h>

/* Whether these words are one of them. */
bool key_command_is_one(int count, char **words);

/* The exit code. */
int key_command_run(int count, char **words);

#endif
