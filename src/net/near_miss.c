#include "near_miss.h"

#include <ctype.h>
#include <string.h>

#include "base/number.h"

enum { NAME_MOST = 32, LONG_NAME = 6 };

static bool same(char one, char other)
{
	return tolower((unsigned char)one) == tolower((unsigned char)other);
}

/* How many letters must be added, removed, changed or swapped with their neighbour (optimal string alignment). */
static size_t distance(const char *word, size_t word_length, const char *name, size_t name_length)
{
	size_t rows[NAME_MOST + 1][NAME_MOST + 1];
	for (size_t i = 0; i <= word_length; i++)
		rows[i][0] = i;
	for (size_t j = 0; j <= name_length; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= word_length; i++) {
		for (size_t j = 1; j <= name_length; j++) {
			size_t cost = rows[i - 1][j - 1] + !same(word[i - 1], name[j - 1]);
			cost = min_size(cost, min_size(rows[i - 1][j], rows[i][j - 1]) + 1);
			if (i > 1 && j > 1 && same(word[i - 1], name[j - 2]) && same(word[i - 2], name[j - 1]))
				cost = min_size(cost, rows[i - 2][j - 2] + 1);
			rows[i][j] = cost;
		}
	}
	return rows[word_length][name_length];
}

bool near_miss(const char *word, const char *name)
{
	size_t word_length = strnlen(word, NAME_MOST + 1), name_length = strlen(name);
	if (word_length > NAME_MOST || name_length > NAME_MOST)
		return false;
	return distance(word, word_length, name, name_length) <= (name_length < LONG_NAME ? 1u : 2u);
}
