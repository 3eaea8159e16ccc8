/* The segments of live video that are kept in memory, and the playlist that names them (RFC 8216). Pure. */
#ifndef PASTCAM_WEB_PLAYLIST_H
#define PASTCAM_WEB_PLAYLIST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/chunk.h"

enum {
	PLAYLIST_SHOWN = 6, /* segments in the text */
	PLAYLIST_KEPT = 14, /* those that left it can be had as long again */
	PLAYLIST_BYTES_MAX = 48 * 1024 * 1024,
};

struct segment {
	uint64_t number; /* media sequence number */
	struct chunk *bytes, *head;
	uint64_t head_number; /* of the first segment that this head belongs to */
	double seconds;
	bool is_discontinuous; /* the stream began anew */
};

struct playlist {
	struct segment segments[PLAYLIST_KEPT]; /* the oldest first */
	size_t count;
	uint64_t next_number;
	uint64_t discontinuities; /* among those that are not shown any more */
	int target_s;             /* EXT-X-TARGETDURATION: grows only for a camera that slow */
};

/* first_number must be higher than any that was shown before, in an earlier life too: seconds since 1970 are. */
void playlist_init(struct playlist *playlist, uint64_t first_number);
void playlist_finish(struct playlist *playlist);

/* Takes over bytes and shares head. The oldest go. */
void playlist_add(struct playlist *playlist, struct chunk *bytes, struct chunk *head, double seconds,
                  bool is_discontinuous);

/* NULL: it is not kept. */
struct chunk *playlist_segment(const struct playlist *playlist, uint64_t number);
struct chunk *playlist_head(const struct playlist *playlist, uint64_t number);

/* malloc'd; NULL without memory. camera stands in the addresses. At least one segment is there. */
char *playlist_text(const struct playlist *playlist, const char *camera);

#endif
