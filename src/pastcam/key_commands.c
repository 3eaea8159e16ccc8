#include "key_commands.h"

#include <stdio.h>
#include <string.h>

#include "seal_key.h"
#include "verify.h"

static const struct key_command {
	const char *name;
	int least, most;                                    /* words, with the name */
	int (*make)(const char *path, struct error *error); /* NULL: verify */
} commands[] = {
	{ "seal-key", 1, 2, seal_key_make },
	{ "sign-key", 2, 2, sign_key_create },
	{ "verify", 2, 3, NULL },
};

static const struct key_command *find(int count, char **words)
{
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (strcmp(words[0], commands[i].name) == 0 && count >= commands[i].least && count <= commands[i].most)
			return &commands[i];
	return NULL;
}

bool key_command_is_one(int count, char **words)
{
	return find(count, words);
}

int key_command_run(int count, char **words)
{
	const struct key_command *command = find(count, words);
	struct error error = { 0 };
	if (!command->make)
		return verify_run(words[1], count > 2 ? words[2] : NULL);
	if (command->make(count > 1 ? words[1] : NULL, &error) == 0)
		return EXIT_STOPPED;
	fprintf(stderr, "pastcam: %s\n", error.text);
	return EXIT_CONFIG;
}
