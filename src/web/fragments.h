/*
 * Cuts the daemon's stream of fragmented MP4 (media/mp4.h) into what HLS hands out: the head (`ftyp`, `moov`), and the
 * fragments (`moof`, `mdat`) with how long each is and whether it begins with a key frame. Pure.
 */
#ifndef PASTCAM_WEB_FRAGMENTS_H
#define PASTCAM_WEB_FRAGMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/chunk.h"

struct fragment {
	struct chunk *bytes; /* borrowed: reference it to keep it */
	double seconds;
	bool is_key; /* begins with a key frame */
};

struct fragments_handlers {
	void (*head)(void *data, struct chunk *head, bool is_h264); /* borrowed likewise */
	void (*fragment)(void *data, const struct fragment *fragment);
};

struct fragments {
	const struct fragments_handlers *handlers;
	void *data;
	uint8_t *bytes; /* what is not whole yet */
	size_t length, capacity;
	struct chunk *head, *moof; /* begun */
	struct fragment fragment;
	bool has_head, has_failed;
};

void fragments_init(struct fragments *fragments, const struct fragments_handlers *handlers, void *data);
void fragments_finish(struct fragments *fragments); /* again is fine */

/* 0, or -EINVAL when it is no such stream (then and ever after), -ENOMEM. */
int fragments_feed(struct fragments *fragments, const void *bytes, size_t count);

#endif
