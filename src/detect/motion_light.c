#include "motion_light.h"

#include <math.h>
#include <string.h>

#include "media/kernel.h"
#include "media/luma_grid.h"
#include "motion_cell.h"

enum {
	SQUARE = MOTION_SQUARE,
	SQUARES_MAX = 1024,
	COUNTED_MOST = 64,
	TILE_SQUARES = 8,
	TILE_SQUARES_LEAST = 3,
	SQUARES_LEAST = 4
};

/* Added to both sides of a ratio: what is nearly black says little. */
static const float DARK = 2 * LUMA_GRID_LEVEL;
/* Ratios that agree: the middle half of them within so much of their median. */
static const float AGREE = 0.12F;
/* A tile whose own squares differ by more from each other, and agree better, has been recognised in another light. */
static const float TEXTURE = 0.15F, AGREE_WELL = 0.06F;
/* A jump: this much from one frame to the next (an eighth of a stop), of at least half of all tiles. */
static const float JUMP = 1.09F;
/* Less is left to the background's own following. */
static const float WORTH_APPLYING = 0.015F;
static const float GAIN_MOST = 8;
/* What differs by less than a level of the camera is the same. */
enum { SAME = LUMA_GRID_LEVEL };
/* For so many frames what was made of the background by changes of the light is not sure. */
enum { RESTLESS_FRAMES = 16 };

static int greater(int a, int b)
{
	return a > b ? a : b;
}

static int lesser(int a, int b)
{
	return a < b ? a : b;
}

void motion_light_init(struct motion_light *light, int width, int height)
{
	const int squares = greater(width, height) / SQUARE / LIGHT_TILES_MAX;
	const int tile = SQUARE * lesser(greater(squares, TILE_SQUARES_LEAST), TILE_SQUARES);
	*light = (struct motion_light){
		.tile = tile,
		.columns = lesser(greater(width / tile, 1), LIGHT_TILES_MAX),
		.rows = lesser(greater(height / tile, 1), LIGHT_TILES_MAX),
	};
	if (light->columns == LIGHT_TILES_MAX || light->rows == LIGHT_TILES_MAX)
		light->tile = (greater(width, height) / LIGHT_TILES_MAX + SQUARE - 1) / SQUARE * SQUARE;
	light->columns = lesser(greater(width / light->tile, 1), LIGHT_TILES_MAX);
	light->rows = lesser(greater(height / light->tile, 1), LIGHT_TILES_MAX);
}

/* Shell's sort, with the gaps of M. Ciura (2001): of the dozens of values that a tile has three times as quick as
 * qsort. */
static void sort(float *values, int count)
{
	static const int gaps[] = { 132, 57, 23, 10, 4, 1 };
	for (size_t k = 0; k < sizeof gaps / sizeof *gaps; k++)
		for (int gap = gaps[k], i = gap; i < count; i++) {
			const float value = values[i];
			int j = i;
			for (; j >= gap && values[j - gap] > value; j -= gap)
				values[j] = values[j - gap];
			values[j] = value;
		}
}

/* Of the squares of a row, the sums of their cells. Four columns side by side in a word: 4 x LUMA_GRID_MOST fits 16
 * bits, so none carries into the next. */
KERNEL static void sum_squares(const uint16_t *restrict cells, size_t width, size_t count, uint32_t *restrict sums)
{
	for (size_t x = 0; x < count; x++) {
		uint64_t columns = 0;
		for (size_t y = 0; y < SQUARE; y++) {
			uint64_t row;
			memcpy(&row, cells + y * width + SQUARE * x, sizeof row);
			columns += row;
		}
		const uint64_t pairs = (columns & 0x0000ffff0000ffff) + (columns >> 16 & 0x0000ffff0000ffff);
		sums[x] = (uint32_t)(pairs + (pairs >> 32));
	}
}

/* Row by row, as memory is read most quickly, and not as tiles lie. */
static void sum_all_squares(const struct motion_planes *planes, const uint16_t *luma)
{
	const size_t width = (size_t)planes->width, columns = width / SQUARE, rows = (size_t)planes->height / SQUARE;
	for (size_t y = 0; y < rows; y++) {
		const size_t cells = y * SQUARE * width;
		sum_squares(planes->background + cells, width, columns, planes->squares_before + y * columns);
		sum_squares(luma + cells, width, columns, planes->squares_now + y * columns);
	}
}

static float mean_of(uint32_t square)
{
	return (float)square / (SQUARE * SQUARE);
}

/* Ratios of the squares of [left, right) x [top, bottom): of every second one, as on a chessboard, and no more than
 * fit. */
static int ratios_of(const struct motion_planes *planes, const int area[4], float *ratios, float *levels)
{
	int count = 0;
	const size_t columns = (size_t)planes->width / SQUARE;
	for (int y = area[1] / SQUARE; (y + 1) * SQUARE <= area[3]; y++)
		for (int x = area[0] / SQUARE + y % 2; (x + 1) * SQUARE <= area[2] && count < SQUARES_MAX; x += 2) {
			const size_t at = (size_t)y * columns + (size_t)x;
			const float before = mean_of(planes->squares_before[at]), now = mean_of(planes->squares_now[at]);
			if (before >= LUMA_GRID_CLIPPED || now >= LUMA_GRID_CLIPPED)
				continue;
			levels[count] = before + DARK;
			ratios[count++] = (now + DARK) / (before + DARK);
		}
	return count;
}

struct tile {
	float gain;
	bool agrees; /* its squares do */
	bool sure;   /* so well that no other need be asked */
};

/* What quarters of the values are below: of a few dozen, counting for each how many are is quicker than to sort them,
 * since there is nothing to guess wrong for the processor. */
KERNEL static void quartiles_of(const float *values, int count, float quartiles[3])
{
	for (int i = 0; i < count; i++) {
		int below = 0, not_above = 0;
		for (int j = 0; j < count; j++) {
			below += values[j] < values[i];
			not_above += values[j] <= values[i];
		}
		for (int k = 0; k < 3; k++)
			if (below <= count * (k + 1) / 4 && count * (k + 1) / 4 < not_above)
				quartiles[k] = values[i];
	}
}

/* How far the middle half of them spreads, in shares of their median, which *median becomes. May reorder them. */
static float spread_of(float *values, int count, float *median)
{
	float quartiles[3] = { 0 };
	if (count <= COUNTED_MOST) {
		quartiles_of(values, count, quartiles);
	} else {
		sort(values, count);
		for (int k = 0; k < 3; k++)
			quartiles[k] = values[count * (k + 1) / 4];
	}
	*median = quartiles[1];
	return (quartiles[2] - quartiles[0]) / *median;
}

static struct tile measure_tile(const struct motion_light *light, const struct motion_planes *planes, int column,
                                int row)
{
	float ratios[SQUARES_MAX], levels[SQUARES_MAX], median, level;
	const int left = column * light->tile, top = row * light->tile;
	const int area[4] = { left, top, column + 1 == light->columns ? planes->width : left + light->tile,
		                  row + 1 == light->rows ? planes->height : top + light->tile };
	const int count = ratios_of(planes, area, ratios, levels);
	if (count < SQUARES_LEAST)
		return (struct tile){ .gain = 1 };
	const float spread = spread_of(ratios, count, &median);
	/* Texture is asked for where there is something to decide. */
	const bool is_clear = spread < 2 * AGREE_WELL && fabsf(median - 1) > WORTH_APPLYING;
	return (struct tile){ median, spread < 2 * AGREE, is_clear && spread_of(levels, count, &level) > TEXTURE };
}

static float median_of(float *values, int count)
{
	sort(values, count);
	return values[count / 2];
}

static void judge_jump(struct motion_light *light, struct tile tiles[LIGHT_TILES_MAX][LIGHT_TILES_MAX])
{
	int brighter = 0, darker = 0;
	for (int y = 0; y < light->rows; y++)
		for (int x = 0; x < light->columns; x++) {
			brighter += tiles[y][x].gain > JUMP;
			darker += tiles[y][x].gain < 1 / JUMP;
		}
	light->jumped = 2 * greater(brighter, darker) > light->columns * light->rows;
}

static float middle_of(float a, float b, float c)
{
	return fmaxf(fminf(a, b), fminf(fmaxf(a, b), c));
}

/* A tile that is sure is believed. Another goes as far as itself and its neighbourhood both say, and never the other
 * way: what goes on in its neighbours alone would else be added frame by frame. Only of a tile that tells nothing the
 * neighbourhood is believed. */
static void smooth(struct motion_light *light, struct tile tiles[LIGHT_TILES_MAX][LIGHT_TILES_MAX])
{
	for (int y = 0; y < light->rows; y++)
		for (int x = 0; x < light->columns; x++) {
			float around[9] = { 0 };
			int count = 0;
			for (int v = greater(y - 1, 0); v <= lesser(y + 1, light->rows - 1); v++)
				for (int u = greater(x - 1, 0); u <= lesser(x + 1, light->columns - 1); u++)
					around[count++] = tiles[v][u].agrees ? tiles[v][u].gain : light->whole;
			const float neighbourhood = median_of(around, count);
			light->gain[y][x] = tiles[y][x].sure     ? tiles[y][x].gain
			                    : tiles[y][x].agrees ? middle_of(1, tiles[y][x].gain, neighbourhood)
			                                         : neighbourhood;
		}
}

static void note_unrest(struct motion_light *light)
{
	light->is_restless = false;
	for (int y = 0; y < light->rows; y++)
		for (int x = 0; x < light->columns; x++) {
			uint8_t *frames = &light->restless[y][x];
			*frames =
			    (uint8_t)(fabsf(light->gain[y][x] - 1) > WORTH_APPLYING ? RESTLESS_FRAMES : *frames - (*frames > 0));
			light->is_restless |= *frames > 0;
		}
}

void motion_light_measure(struct motion_light *light, const struct motion_planes *planes, const uint16_t *luma)
{
	struct tile tiles[LIGHT_TILES_MAX][LIGHT_TILES_MAX];
	float all[LIGHT_TILES_MAX * LIGHT_TILES_MAX] = { 0 };
	int count = 0;
	sum_all_squares(planes, luma);
	for (int y = 0; y < light->rows; y++)
		for (int x = 0; x < light->columns; x++) {
			tiles[y][x] = measure_tile(light, planes, x, y);
			all[count++] = tiles[y][x].gain;
		}
	light->whole = median_of(all, count);
	judge_jump(light, tiles);
	smooth(light, tiles);
	note_unrest(light);
}

bool motion_light_is_restless(const struct motion_light *light, int left, int top, int right, int bottom)
{
	const int last_column = lesser(right / light->tile, light->columns - 1);
	const int last_row = lesser(bottom / light->tile, light->rows - 1);
	for (int y = lesser(top / light->tile, last_row); y <= last_row; y++)
		for (int x = lesser(left / light->tile, last_column); x <= last_column; x++)
			if (light->restless[y][x] > 0)
				return true;
	return false;
}

static bool is_worth_it(const struct motion_light *light)
{
	for (int y = 0; y < light->rows; y++)
		for (int x = 0; x < light->columns; x++)
			if (fabsf(light->gain[y][x] - 1) > WORTH_APPLYING)
				return true;
	return false;
}

struct place {
	int first, second; /* tiles */
	float share;       /* of the second */
};

/* Where a cell lies between the centres of tiles. */
static struct place place_of(int cell, int tile, int tiles)
{
	const float at = ((float)cell + 0.5F) / (float)tile - 0.5F;
	const int first = at > 0 ? lesser((int)at, tiles - 1) : 0, second = lesser(first + 1, tiles - 1);
	return (struct place){ first, second, at > 0 && second > first ? at - (float)first : 0 };
}

static float mix(float a, float b, float share)
{
	return a + share * (b - a);
}

/* The gains of a row of cells. */
static void fill_row(const struct motion_light *light, int y, float *gains, int width)
{
	float row[LIGHT_TILES_MAX] = { 0 };
	const struct place down = place_of(y, light->tile, light->rows);
	for (int i = 0; i < light->columns; i++)
		row[i] = fminf(mix(light->gain[down.first][i], light->gain[down.second][i], down.share), GAIN_MOST);
	for (int i = 0, x = 0; i <= light->columns; i++) { /* up to the centre of each tile, and to the end */
		const float left = row[greater(i - 1, 0)], right = row[lesser(i, light->columns - 1)];
		const int first = x, end = i < light->columns ? lesser(i * light->tile + light->tile / 2, width) : width;
		for (; x < end; x++)
			gains[x] = mix(left, right, ((float)(x - first) + 0.5F) / (float)light->tile);
	}
}

/* What the camera clips stays where it is while the light goes on changing. */
KERNEL static void light_row(uint16_t *restrict cells, const uint16_t *restrict luma, const float *restrict gains,
                             size_t count)
{
	for (size_t i = 0; i < count; i++) {
		float value = ((float)cells[i] + DARK) * gains[i] - DARK + 0.5F;
		value = value < 0 ? 0 : value > LUMA_GRID_MOST ? LUMA_GRID_MOST : value;
		cells[i] = luma[i] < LUMA_GRID_CLIPPED ? (uint16_t)(int)value : cells[i];
	}
}

/* Where the background is wrong, so is the gain, and the recent past is in the light of the picture already: a cell
 * that is the same as in the picture stays, unless it would come nearer. */
KERNEL static void light_recent_row(uint16_t *restrict cells, const uint16_t *restrict luma,
                                    const float *restrict gains, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		float value = ((float)cells[i] + DARK) * gains[i] - DARK + 0.5F;
		value = value < 0 ? 0 : value > LUMA_GRID_MOST ? LUMA_GRID_MOST : value;
		const uint16_t lit = (uint16_t)(int)value;
		const uint16_t apart = cell_apart(cells[i], luma[i]);
		const bool is_lit = apart < SAME && apart <= cell_apart(lit, luma[i]);
		cells[i] = !is_lit && luma[i] < LUMA_GRID_CLIPPED ? lit : cells[i];
	}
}

bool motion_light_apply(const struct motion_light *light, struct motion_planes *planes, const uint16_t *luma)
{
	if (!is_worth_it(light))
		return false;
	const size_t width = (size_t)planes->width;
	for (int y = 0; y < planes->height; y++) {
		const size_t begin = (size_t)y * width;
		/* Light hardly changes within a square. */
		if (y % SQUARE == 0)
			fill_row(light, y, planes->row, planes->width);
		light_row(planes->background + begin, luma + begin, planes->row, width);
		light_recent_row(planes->recent + begin, luma + begin, planes->row, width);
	}
	return true;
}
