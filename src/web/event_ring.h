/*
 * The last events of a camera as text, kept once for all who listen; each of them is a cursor, and reads at its own
 * pace. Bounded in number and in bytes: the oldest make way, and who has not read them is told how many. A cursor is
 * the number of the next one. Pure.
 */
#ifndef PASTCAM_WEB_EVENT_RING_H
#define PASTCAM_WEB_EVENT_RING_H

#include <stddef.h>
#include <stdint.h>

enum { EVENT_RING_ENTRIES = 1024, EVENT_RING_BYTES = 1024 * 1024, EVENT_ID_BYTES = 64 };
#define EVENT_RING_LOST_UNKNOWN UINT64_MAX

struct event_text {
	char *name, *id, *data; /* id: "BOOT-12", "": none */
	size_t bytes;
};

struct event_ring {
	struct event_text texts[EVENT_RING_ENTRIES];
	uint64_t begin, end; /* numbers of those that are kept */
	size_t bytes;
};

/* Copies the words. id: shorter than EVENT_ID_BYTES. Without memory for it, or when it is larger than the ring, it is
 * lost, which those who listen are told. */
void event_ring_add(struct event_ring *ring, const char *name, const char *id, const char *data);
void event_ring_clear(struct event_ring *ring);

/* Where one goes on who has had all up to id: after it, or with all there is when id is unknown or NULL. How many there
 * were in between that are not kept; EVENT_RING_LOST_UNKNOWN. */
uint64_t event_ring_seek(const struct event_ring *ring, uint64_t *cursor, const char *id);

/* The next one, and moves the cursor; NULL: there is none, or *lost of them have made way. */
const struct event_text *event_ring_next(const struct event_ring *ring, uint64_t *cursor, uint64_t *lost);

#endif
