/* How the arena is kept. Private to packet_ring.c and packet_cursor.c. */
#ifndef PASTCAM_STORE_PACKET_RING_PRIVATE_H
#define PASTCAM_STORE_PACKET_RING_PRIVATE_H

#include <pthread.h>

#include "store/packet_ring.h"

enum { NONE = -1, BLOCK_BYTES = 4096, FORMATS = 4 };

struct packet_entry {
	struct frame_info frame;
	size_t offset, bytes; /* in the GOP's bytes */
	int next;             /* of the same GOP, or of the free ones */
	bool key, after_rest;
};

/* Packets lie one behind the other over the GOP's chain of blocks, so that little is lost to rounding. */
struct gop {
	uint64_t number; /* counts from 1 */
	int first, last; /* packets */
	int first_block, last_block;
	size_t bytes, count;
	unsigned pins;
	int format;
	int older, newer; /* or the next free one */
};

struct packet_ring {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t changes;
	int told_fd; /* -1: none */
	uint8_t *arena;
	size_t block_count, free_blocks, entry_count;
	int *blocks; /* the next one of a chain */
	struct packet_entry *entries;
	struct gop *gops;
	int free_block, free_entry, free_gop;
	int oldest, newest; /* GOPs */
	bool open;          /* the newest one may get more packets */
	struct {
		struct video_format format;
		size_t users;
	} formats[FORMATS];
	struct packet_cursor *cursors;
	uint64_t last_number;
	size_t packets, gop_total, used_bytes, peak_bytes;
	uint64_t put, put_bytes, dropped;
};

#endif
