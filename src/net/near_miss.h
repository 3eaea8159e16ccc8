/* A word that is none of those known, and nearly one: SAVE, pastack, stauts. Pure. Private to src/net. */
#ifndef PASTCAM_NET_NEAR_MISS_H
#define PASTCAM_NET_NEAR_MISS_H

#include <stdbool.h>
#include <stddef.h>

/* True when word is name in other letter case, or is made of it by one letter more, less, another, or two swapped (two
 * of these where name has six letters and more). */
bool near_miss(const char *word, const char *name);

#endif
