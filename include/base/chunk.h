/*
 * Bytes on their way to clients: made once, read by many, freed by the last. Their total is counted, so that slow
 * readers can be bounded. Any thread.
 */
#ifndef PASTCAM_BASE_CHUNK_H
#define PASTCAM_BASE_CHUNK_H

#include <stddef.h>
#include <stdint.h>

struct chunk; /* constant once it is shared */

/* At least room bytes, of which none are used yet; NULL without memory. The caller holds one reference. One block of up
 * to 1 MiB that was freed is kept for the next picture. */
struct chunk *chunk_create(size_t room);

/* A chunk that holds these bytes, or a printed text. NULL without memory. */
struct chunk *chunk_of(const void *bytes, size_t count);
__attribute__((format(printf, 1, 2))) struct chunk *chunk_printf(const char *format, ...);

/* Appends, moving *chunk when it has to grow; only while the caller's is the one reference. -ENOMEM leaves it as it
 * was. */
int chunk_append(struct chunk **chunk, const void *bytes, size_t count);

const uint8_t *chunk_data(const struct chunk *chunk);
size_t chunk_bytes(const struct chunk *chunk);

struct chunk *chunk_reference(struct chunk *chunk); /* returns its argument */
void chunk_release(struct chunk *chunk);            /* NULL is fine */

/* Room in all chunks that are alive, bytes. */
size_t chunk_total_bytes(void);

#endif
