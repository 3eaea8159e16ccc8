#include "motion_blobs.h"

#include <stdlib.h>
#include <string.h>

/* Parts this near are one: a walker whose coat is as bright as the wall shows as head, arms and legs. */
enum { BRIDGE = 2 };

/* Of a thing that moves at least this share is active; its inside need not be. */
enum { ACTIVE_SHARE = 16 };

/* Of this many cells and more not every row is asked for its texture. */
enum { SAMPLED_FROM = 1024 };

/* The most runs: a cell, and a gap that is too wide to bridge. */
static size_t run_limit(int width, int height)
{
	return (size_t)height * (size_t)(width / (BRIDGE + 2) + 1);
}

bool motion_blobs_init(struct motion_blobs *blobs, int width, int height)
{
	const size_t limit = run_limit(width, height);
	*blobs = (struct motion_blobs){ 0 };
	blobs->runs = malloc(limit * sizeof *blobs->runs);
	blobs->cells = malloc(limit * sizeof *blobs->cells);
	blobs->blob = malloc(MOTION_BLOBS_MAX * sizeof *blobs->blob);
	return blobs->runs && blobs->cells && blobs->blob;
}

void motion_blobs_finish(struct motion_blobs *blobs)
{
	free(blobs->runs);
	free(blobs->cells);
	free(blobs->blob);
	*blobs = (struct motion_blobs){ 0 };
}

size_t motion_blobs_bytes(int width, int height)
{
	return run_limit(width, height) * (sizeof(struct motion_run) + sizeof(int)) +
	       MOTION_BLOBS_MAX * sizeof(struct motion_blob);
}

static int first_of(struct motion_run *runs, int i)
{
	while (runs[i].parent != i)
		i = runs[i].parent = runs[runs[i].parent].parent;
	return i;
}

static void join(struct motion_run *runs, int a, int b)
{
	a = first_of(runs, a);
	b = first_of(runs, b);
	if (a < b)
		runs[b].parent = a;
	else
		runs[a].parent = b;
}

/* Adds the runs of a row; neighbours with a small gap are one. */
static void add_row(struct motion_blobs *blobs, const uint8_t *row, int y, int width)
{
	const int begin = blobs->run_count;
	const uint8_t *end = row + width, *set = row;
	while (set < end && (set = memchr(set, 1, (size_t)(end - set)))) {
		const uint8_t *clear = memchr(set, 0, (size_t)(end - set));
		clear = clear ? clear : end;
		const int left = (int)(set - row), right = (int)(clear - row) - 1;
		struct motion_run *last = blobs->runs + blobs->run_count - 1;
		set = clear;
		if (blobs->run_count > begin && left - last->right <= BRIDGE + 1) {
			last->right = (int16_t)right;
			last->cells += right - left + 1;
			continue;
		}
		blobs->runs[blobs->run_count] = (struct motion_run){ .y = (int16_t)y,
			                                                 .left = (int16_t)left,
			                                                 .right = (int16_t)right,
			                                                 .blob = -1,
			                                                 .cells = right - left + 1,
			                                                 .parent = blobs->run_count };
		blobs->run_count++;
	}
}

/* Joins runs [middle, end), of a row, with those of the row above, [begin, middle). */
static void join_rows(struct motion_run *runs, int begin, int middle, int end)
{
	for (int i = middle; i < end; i++) {
		while (begin < middle && runs[begin].right + BRIDGE < runs[i].left)
			begin++;
		for (int j = begin; j < middle && runs[j].left <= runs[i].right + BRIDGE; j++)
			join(runs, j, i);
	}
}

static void find_runs(struct motion_blobs *blobs, const struct motion_planes *planes)
{
	int above = 0;
	blobs->run_count = 0;
	for (int y = 0; y < planes->height; y++) {
		const int begin = blobs->run_count;
		add_row(blobs, planes->changed + (size_t)y * (size_t)planes->width, y, planes->width);
		join_rows(blobs->runs, above, begin, blobs->run_count);
		above = begin;
	}
}

/* Gives each run the number of its blob, or -1 where that is too small or one too many. */
static void number_blobs(struct motion_blobs *blobs, int cells_least)
{
	struct motion_run *runs = blobs->runs;
	memset(blobs->cells, 0, (size_t)blobs->run_count * sizeof *blobs->cells);
	for (int i = 0; i < blobs->run_count; i++)
		blobs->cells[first_of(runs, i)] += runs[i].cells;
	blobs->count = 0;
	/* The first run of a blob comes before its others, so their parent's number is there already. */
	for (int i = 0; i < blobs->run_count; i++) {
		const int first = runs[i].parent;
		if (first != i) {
			runs[i].blob = runs[first].blob;
			continue;
		}
		runs[i].blob = -1;
		if (blobs->cells[i] < cells_least || blobs->count == MOTION_BLOBS_MAX)
			continue;
		runs[i].blob = (int16_t)blobs->count;
		blobs->blob[blobs->count++] = (struct motion_blob){
			.box = { runs[i].left, runs[i].y, runs[i].right, 0 },
			.every = 1 + blobs->cells[i] / SAMPLED_FROM,
		};
	}
}

static void widen(struct motion_box *box, const struct motion_run *run)
{
	box->left = run->left < box->left ? run->left : box->left;
	box->right = run->right > box->right ? run->right : box->right;
	box->bottom = run->y;
}

static void add_zones(struct motion_blob *blob, uint64_t zones, int cells)
{
	blob->zones |= cells > 0 ? zones : 0;
	for (; zones; zones &= zones - 1)
		blob->zone_cells[__builtin_ctzll(zones)] += cells;
}

static int count_set(const uint8_t *mask, size_t count)
{
	int set = 0;
	for (size_t i = 0; i < count; i++)
		set += mask[i];
	return set;
}

static int count_both(const uint8_t *a, const uint8_t *b, size_t count)
{
	int both = 0;
	for (size_t i = 0; i < count; i++)
		both += a[i] & b[i];
	return both;
}

static void count_zones(struct motion_blob *blob, const uint8_t *changed_row, const struct zone_map *map,
                        const struct motion_run *run)
{
	int i = map->rows[run->y];
	while (map->ends[i] <= run->left)
		i++;
	for (int x = run->left; x <= run->right; i++) {
		const int end = map->ends[i] <= run->right ? map->ends[i] : run->right + 1;
		add_zones(blob, map->zones[i], count_set(changed_row + x, (size_t)(end - x)));
		x = end;
	}
}

static void measure_run(struct motion_blob *blob, const struct motion_planes *planes, const struct zone_map *map,
                        const struct motion_run *run)
{
	const size_t begin = (size_t)run->y * (size_t)planes->width + (size_t)run->left;
	const size_t count = (size_t)(run->right - run->left) + 1;
	const uint8_t *changed = planes->changed + begin, *active = planes->active + begin;
	widen(&blob->box, run);
	blob->cells += run->cells;
	blob->active += count_both(changed, active, count);
	count_zones(blob, changed - run->left, map, run);
}

static void measure_texture(struct motion_blob *blob, const struct motion_planes *planes, const uint16_t *luma,
                            const struct motion_run *run)
{
	const uint8_t *row = planes->changed + (size_t)run->y * (size_t)planes->width;
	for (int x = run->left; run->y % blob->every == 0 && x <= run->right; x++)
		if (row[x])
			motion_texture_add(&blob->texture, planes, luma, x, run->y);
}

bool motion_blob_is_active(const struct motion_blob *blob)
{
	const int least =
	    blob->cells / ACTIVE_SHARE > MOTION_ACTIVE_LEAST ? blob->cells / ACTIVE_SHARE : MOTION_ACTIVE_LEAST;
	return blob->active >= least;
}

void motion_blobs_find(struct motion_blobs *blobs, const struct motion_planes *planes, const uint16_t *luma,
                       const struct zone_map *map, int cells_least)
{
	find_runs(blobs, planes);
	number_blobs(blobs, cells_least);
	for (int i = 0; i < blobs->run_count; i++)
		if (blobs->runs[i].blob >= 0)
			measure_run(&blobs->blob[blobs->runs[i].blob], planes, map, &blobs->runs[i]);
	for (int i = 0; i < blobs->run_count; i++)
		if (blobs->runs[i].blob >= 0 && motion_blob_is_active(&blobs->blob[blobs->runs[i].blob]))
			measure_texture(&blobs->blob[blobs->runs[i].blob], planes, luma, &blobs->runs[i]);
}
