/*
 * The past as video: whole groups of pictures (GOPs, each a key frame and what needs it) in one arena of equal blocks.
 * The encoder's thread puts packets in; any number of readers follow with cursors, each at its own pace, and nothing is
 * ever flushed: a second clip finds the same past as the first. When the arena is full the oldest GOP goes that no
 * cursor stands on.
 *
 * A cursor pins the GOP that it stands on. One that holds also keeps what is newer, so that a clip whose disk is slow
 * loses nothing; only when all of the arena is held that way does the oldest of it go, since the past of the others
 * counts too, and the cursor is told.
 *
 * Threads: packet_ring_put on one thread; the rest on any, each cursor on one at a time. The lock is held for the
 * bookkeeping alone, never while a packet is copied. Nothing is allocated after packet_ring_create.
 */
#ifndef PASTCAM_STORE_PACKET_RING_H
#define PASTCAM_STORE_PACKET_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "media/packet.h"

struct packet_ring;

/* bytes: of the arena, rounded up to blocks; packets: at most so many are kept. NULL without memory. */
struct packet_ring *packet_ring_create(size_t bytes, size_t packets, struct error *error);
/* Makes all of its memory resident, so that it runs out now or never. On packet_ring_put's thread, before the first. */
void packet_ring_touch(struct packet_ring *ring);
void packet_ring_destroy(struct packet_ring *ring); /* no cursor may be open; NULL is fine */

/* What packet_ring_create takes in all, bytes. */
size_t packet_ring_bytes(size_t bytes, size_t packets);

/* Copies the packet in. 0; -EAGAIN: it needs one that was dropped, a key frame must come first; -ENOSPC: no room, all
 * is pinned or it is larger than half of the arena. The last two are counted as dropped. Timestamps must rise. */
int packet_ring_put(struct packet_ring *ring, const struct video_format *format, const struct packet *packet);

/* --- reading --- */

struct packet_cursor {
	/* private */
	struct packet_ring *ring; /* NULL: not open */
	struct packet_cursor *next;
	bool hold;
	int gop, entry;  /* where it stands; -1: before the first of gop, or before all */
	uint64_t wanted; /* no GOP with a lower number will do */
};

/* Stands before the key frame from which the first packet of at_ns or later can be decoded: mostly the one at or before
 * at_ns. Where all packets are older, before the newest key frame; in an empty ring, before what comes first. */
void packet_ring_open(struct packet_ring *ring, struct packet_cursor *cursor, int64_t at_ns, bool hold);
/* Stands before the key frame from which the packet nearest to at_ns can be decoded; *nearest becomes its frame. False:
 * the ring is empty, and the cursor is not open. */
bool packet_ring_open_nearest(struct packet_ring *ring, struct packet_cursor *cursor, int64_t at_ns,
                              struct frame_info *nearest);
/* What packet_ring_open_nearest would find, without opening a cursor. */
bool packet_ring_nearest(struct packet_ring *ring, int64_t at_ns, struct frame_info *nearest);
/* Stands before the next key frame that will be put. */
void packet_ring_open_next(struct packet_ring *ring, struct packet_cursor *cursor, bool hold);
void packet_ring_close(struct packet_cursor *cursor); /* again is fine */

/* Moves to the next packet: 1, and *packet describes it (its data is NULL) and *format its format, both as long as the
 * cursor stands there; 0: there is none yet; -EOVERFLOW: what came next is gone already, go on with the next call,
 * which gives a key frame. */
int packet_ring_next(struct packet_cursor *cursor, struct packet *packet, const struct video_format **format);

/* Leaves out what there is: the cursor stands before the next key frame that will be put. */
void packet_ring_skip(struct packet_cursor *cursor);

/* Copies the packet that the cursor stands on; room for its bytes. */
void packet_ring_copy(const struct packet_cursor *cursor, uint8_t *to);

/* Waits until a packet was put or packet_ring_wake was called since packet_ring_changes said seen, or until until_ns
 * (monotonic). Ask for the changes first, then look at what there is, then wait. */
uint64_t packet_ring_changes(struct packet_ring *ring);
void packet_ring_wait(struct packet_ring *ring, uint64_t seen, int64_t until_ns);
void packet_ring_wake(struct packet_ring *ring);

/* From now on each packet that is put adds 1 to that eventfd, for a loop that has cursors; -1: none. */
void packet_ring_tell(struct packet_ring *ring, int eventfd);

struct packet_ring_status {
	size_t packets, gops, pinned_gops;
	size_t bytes, used_bytes, peak_bytes; /* of the arena: all, packets in it now, at most so far */
	size_t cursors;
	int64_t oldest_ns, newest_ns; /* timestamps; 0 when empty */
	uint64_t put, put_bytes, dropped;
	bool has_format;
	struct video_format format; /* of the newest GOP */
};
void packet_ring_status(struct packet_ring *ring, struct packet_ring_status *status);

/* The timestamps of the newest key frames, at most count, oldest first; returns how many. */
size_t packet_ring_keys(struct packet_ring *ring, int64_t *keys_ns, size_t count);

#endif
