/* What every fuzz target has: one input in, no crash, and what must hold of any input checked. */
#ifndef PASTCAM_FUZZ_H
#define PASTCAM_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* libFuzzer's entry; corpus_main.c calls it with each file of the corpus. Always returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* An assert that NDEBUG does not remove. */
#define FUZZ_CHECK(condition)                                                                                          \
	do {                                                                                                               \
		if (!(condition)) {                                                                                            \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);                             \
			abort();                                                                                                   \
		}                                                                                                              \
	} while (0)

/* The input as a text of its own, so that reading past its end is seen. Freed by the caller. */
static inline char *fuzz_text(const uint8_t *data, size_t bytes)
{
	char *text = malloc(bytes + 1);
	FUZZ_CHECK(text);
	for (size_t i = 0; i < bytes; i++)
		text[i] = (char)data[i];
	text[bytes] = '\0';
	return text;
}

#endif
