/* The table of options. Private to the config files and their tests. */
#ifndef PASTCAM_CONFIG_CONFIG_OPTIONS_H
#define PASTCAM_CONFIG_CONFIG_OPTIONS_H

#include "config/config.h"

enum option_type {
	OPTION_BOOL,    /* bool */
	OPTION_INTEGER, /* int */
	OPTION_NUMBER,  /* double */
	OPTION_TEXT,    /* char[bytes] */
	OPTION_CHOICE,  /* int: the index of the word in choices */
	OPTION_SET,     /* int: bit n is the word n of choices; a JSON list, or words with commas */
	OPTION_LIST,    /* char[bytes]: a JSON list of whatever its reader makes of it, as text */
};

struct option {
	const char *path; /* "ring.downscale.width" */
	enum option_type type;
	size_t offset;            /* in struct config */
	size_t bytes;             /* OPTION_TEXT and OPTION_LIST: room, with the terminator */
	double min, max;          /* OPTION_INTEGER and OPTION_NUMBER, inclusive */
	const char *choices;      /* "mean|median|max" */
	const char *default_text; /* the default, as it would follow -o path= */
	const char *unit;         /* "pixels", "s" … or "" */
	const char *help;
};

extern const struct option config_options[];
extern const size_t config_option_count;

/* Word number index of choices into word; false when there are not so many. */
bool option_choice(const struct option *option, int index, char *word, size_t bytes);

#endif
