#include "playlist.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TARGET_LEAST_S = 3 };

void playlist_init(struct playlist *playlist, uint64_t first_number)
{
	*playlist = (struct playlist){ .next_number = first_number, .target_s = TARGET_LEAST_S };
}

static void drop_oldest(struct playlist *playlist)
{
	chunk_release(playlist->segments[0].bytes);
	chunk_release(playlist->segments[0].head);
	memmove(playlist->segments, playlist->segments + 1, --playlist->count * sizeof playlist->segments[0]);
}

void playlist_finish(struct playlist *playlist)
{
	while (playlist->count > 0)
		drop_oldest(playlist);
}

static size_t total_bytes(const struct playlist *playlist)
{
	size_t bytes = 0;
	for (size_t i = 0; i < playlist->count; i++)
		bytes += chunk_bytes(playlist->segments[i].bytes);
	return bytes;
}

/* Of those that are shown. */
static size_t first_shown(const struct playlist *playlist)
{
	return playlist->count > PLAYLIST_SHOWN ? playlist->count - PLAYLIST_SHOWN : 0;
}

void playlist_add(struct playlist *playlist, struct chunk *bytes, struct chunk *head, double seconds,
                  bool is_discontinuous)
{
	struct segment segment = { .number = playlist->next_number++,
		                       .bytes = bytes,
		                       .head = chunk_reference(head),
		                       .seconds = seconds,
		                       .is_discontinuous = is_discontinuous };
	const struct segment *last = playlist->count > 0 ? &playlist->segments[playlist->count - 1] : NULL;
	segment.head_number = last && last->head == head ? last->head_number : segment.number;
	if (playlist->count >= PLAYLIST_SHOWN && playlist->segments[first_shown(playlist)].is_discontinuous)
		playlist->discontinuities++;
	if (playlist->count == PLAYLIST_KEPT)
		drop_oldest(playlist);
	playlist->segments[playlist->count++] = segment;
	while (playlist->count > PLAYLIST_SHOWN && total_bytes(playlist) > PLAYLIST_BYTES_MAX)
		drop_oldest(playlist);
	if (lround(seconds) > playlist->target_s)
		playlist->target_s = (int)lround(seconds);
}

struct chunk *playlist_segment(const struct playlist *playlist, uint64_t number)
{
	for (size_t i = 0; i < playlist->count; i++)
		if (playlist->segments[i].number == number)
			return playlist->segments[i].bytes;
	return NULL;
}

struct chunk *playlist_head(const struct playlist *playlist, uint64_t number)
{
	for (size_t i = 0; i < playlist->count; i++)
		if (playlist->segments[i].head_number == number)
			return playlist->segments[i].head;
	return NULL;
}

static void print_segment(FILE *out, const struct segment *segment, bool has_new_head, const char *camera)
{
	if (segment->is_discontinuous)
		fputs("#EXT-X-DISCONTINUITY\n", out);
	if (has_new_head)
		fprintf(out, "#EXT-X-MAP:URI=\"live/%" PRIu64 ".mp4?camera=%s\"\n", segment->head_number, camera);
	fprintf(out, "#EXTINF:%.3f,\nlive/%" PRIu64 ".m4s?camera=%s\n", segment->seconds, segment->number, camera);
}

char *playlist_text(const struct playlist *playlist, const char *camera)
{
	char *text = NULL;
	size_t length = 0, first = first_shown(playlist);
	FILE *out = open_memstream(&text, &length);
	if (!out)
		return NULL;
	fprintf(out,
	        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:%d\n#EXT-X-MEDIA-SEQUENCE:%" PRIu64
	        "\n#EXT-X-DISCONTINUITY-SEQUENCE:%" PRIu64 "\n",
	        playlist->target_s, playlist->segments[first].number, playlist->discontinuities);
	for (size_t i = first; i < playlist->count; i++) {
		const struct segment *segment = &playlist->segments[i];
		bool has_new_head = i == first || segment->head_number != playlist->segments[i - 1].head_number;
		print_segment(out, segment, has_new_head, camera);
	}
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}
