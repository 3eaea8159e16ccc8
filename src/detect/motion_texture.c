#include "motion_texture.h"

#include <math.h>

#include "media/luma_grid.h"
#include "motion_cell.h"

static const float DARK = 2 * LUMA_GRID_LEVEL;
/* A gradient stands out from this share of the contrast that counts as changed: edges are a cell or two wide. */
static const float EDGE_SHARE = 0.5F;
/* What the camera clips may have had gradients of so many times as much. */
static const float CLIPPED_SLACK = 2;
/* The difference ends at once where so much of the contrast goes within three cells. Lights fade over more. */
static const float SHARP_SHARE = 0.75F;
/* What is asked of what is not at all like the background: new edges, for the root of its cells, of which a square's
 * outline has four, and the share of the boundary that is an outline: what is smeared has one on two sides of four. */
static const double EDGES_LEAST = 3.5, OUTLINE_LEAST = 0.4;
/* And so much more for each likeness beyond what chance makes of a few dozen gradients. Of what is quite like the
 * background, as a shadow is, more is asked than there can be. */
static const double LIKENESS_OF_CHANCE = 0.2, EDGES_FOR_LIKENESS = 4, OUTLINE_FOR_LIKENESS = 0.85;

/* What two neighbours differ by, and the least and the most that it may have been where the camera has clipped them. */
struct gradient {
	float value, least, most;
};

static struct gradient gradient_of(uint16_t here, uint16_t there, float gain, float slack)
{
	const float value = gain * ((float)there - (float)here);
	const bool here_clipped = here >= LUMA_GRID_CLIPPED, there_clipped = there >= LUMA_GRID_CLIPPED;
	if (here_clipped && there_clipped)
		return (struct gradient){ value, value - slack, value + slack };
	return (struct gradient){ value, here_clipped ? -INFINITY : value, there_clipped ? INFINITY : value };
}

/* How far they are from being the same; 0 where they may be. */
static float apart(const struct gradient *a, const struct gradient *b)
{
	const float above = a->least - b->most, below = b->least - a->most;
	const float most = above > below ? above : below;
	return most > 0 ? most : 0;
}

static double standing_out(float gradient, float least)
{
	return fabsf(gradient) < least ? 0 : gradient;
}

/* What the gradient was in the frames before, in the light that they had: a gain that was measured of a tile tells too
 * little of a light with a slope. The recent past has this one in it already. Where the camera clipped them it may have
 * been the same. */
static double past_gradient(const struct motion_planes *planes, size_t at, size_t next, float now)
{
	const uint16_t *past = planes->relit ? planes->unlit : planes->recent;
	const uint16_t here = past[at], there = past[next];
	if (here >= LUMA_GRID_CLIPPED || there >= LUMA_GRID_CLIPPED)
		return now;
	const float frames = (float)(1 << planes->recent_rate);
	return frames > 1 ? (frames * ((float)there - (float)here) - now) / (frames - 1) : 0;
}

static double past_standing_out(const struct motion_planes *planes, size_t at, size_t next, float now, float least)
{
	return standing_out((float)past_gradient(planes, at, next, now), least);
}

static void add_gradient(struct motion_texture *texture, const struct motion_planes *planes, const uint16_t *luma,
                         size_t at, size_t next, float stands_out)
{
	const uint16_t here = luma[at], there = luma[next];
	const uint16_t was_here = planes->background[at], was_there = planes->background[next];
	const float gain = ((float)here + there + DARK) / ((float)was_here + was_there + DARK);
	const float step = (float)there - (float)here, was_step = gain * ((float)was_there - (float)was_here);
	const bool is_clipped =
	    cell_greater(cell_greater(here, there), cell_greater(was_here, was_there)) >= LUMA_GRID_CLIPPED;
	const double past = past_standing_out(planes, at, next, step, stands_out);
	texture->past_past += past * past;
	/* Most are so, and quickly done with. */
	if (!is_clipped && fabsf(step) < stands_out && fabsf(was_step) < stands_out) {
		texture->edges += fabsf(step - was_step) > stands_out;
		return;
	}
	const struct gradient now = gradient_of(here, there, 1, CLIPPED_SLACK * stands_out);
	const struct gradient was = gradient_of(was_here, was_there, gain, CLIPPED_SLACK * stands_out);
	const float new = apart(&now, &was);
	texture->edges += new > stands_out;
	/* What does not stand out is noise, or the trace that something leaves in the background while it is there. */
	const double is = standing_out(new > 0 ? now.value : was.value, stands_out);
	const double before = standing_out(was.value, stands_out);
	texture->now_was += is * before;
	texture->now_now += is * is;
	texture->was_was += before * before;
	texture->now_past += is * past;
}

static float difference(const struct motion_planes *planes, const uint16_t *luma, size_t at)
{
	return (float)luma[at] - planes->background[at];
}

/* In a line: inner, outer (the boundary lies between), and beyond. A majority may have moved it by one. Light that goes
 * on makes less of a difference to what is darker beyond, and none that is seen to what the camera clips: such places
 * tell nothing. */
static void add_boundary(struct motion_texture *texture, const struct motion_planes *planes, const uint16_t *luma,
                         size_t inner, ptrdiff_t step, float contrast)
{
	const size_t before = inner - (size_t)step, outer = inner + (size_t)step, beyond = outer + (size_t)step;
	if (planes->changed[outer] ||
	    (luma[beyond] >= LUMA_GRID_CLIPPED && planes->background[beyond] >= LUMA_GRID_CLIPPED))
		return;
	const float at = difference(planes, luma, inner), within = difference(planes, luma, before);
	const size_t from = fabsf(within) > fabsf(at) ? before : inner;
	const float most = difference(planes, luma, from), there = difference(planes, luma, beyond);
	/* What it would differ by there if the light went on. */
	const float on = most * ((float)planes->background[beyond] + DARK) / ((float)planes->background[from] + DARK);
	const float least = SHARP_SHARE * contrast;
	if (fabsf(on) < least && fabsf(there) < least)
		return;
	texture->boundary++;
	const bool is_sharp = fabsf(most - there) > least && fabsf(on - there) > least;
	texture->sharp += is_sharp;
	texture->seen += is_sharp && fabsf((float)luma[from] - (float)luma[beyond]) > least;
}

void motion_texture_add(struct motion_texture *texture, const struct motion_planes *planes, const uint16_t *luma, int x,
                        int y)
{
	const size_t at = (size_t)y * (size_t)planes->width + (size_t)x;
	const ptrdiff_t row = planes->width;
	const float contrast = motion_planes_threshold(planes, at);
	if (x + 1 < planes->width)
		add_gradient(texture, planes, luma, at, at + 1, EDGE_SHARE * contrast);
	if (y + 1 < planes->height)
		add_gradient(texture, planes, luma, at, at + (size_t)row, EDGE_SHARE * contrast);
	/* Those to changed cells on the other sides are theirs. */
	if (x > 0 && !planes->changed[at - 1])
		add_gradient(texture, planes, luma, at - 1, at, EDGE_SHARE * contrast);
	if (y > 0 && !planes->changed[at - (size_t)row])
		add_gradient(texture, planes, luma, at - (size_t)row, at, EDGE_SHARE * contrast);
	if (x >= 2 && x + 2 < planes->width) {
		add_boundary(texture, planes, luma, at, 1, contrast);
		add_boundary(texture, planes, luma, at, -1, contrast);
	}
	if (y >= 2 && y + 2 < planes->height) {
		add_boundary(texture, planes, luma, at, row, contrast);
		add_boundary(texture, planes, luma, at, -row, contrast);
	}
}

bool motion_texture_covers(const struct motion_texture *texture, int cells, int every, bool is_restless)
{
	const int outline = is_restless ? texture->seen : texture->sharp;
	const double likeness = texture->now_was / fmax(sqrt(texture->now_now * texture->was_was), 1);
	const double stayed = texture->now_past / fmax(sqrt(texture->now_now * texture->past_past), 1);
	/* The opposite of the background's texture is no object's either, but a background that light has spoilt. */
	const double alike = is_restless ? fmax(fabs(likeness), stayed) : likeness;
	const double beyond = fmax(alike - LIKENESS_OF_CHANCE, 0);
	return texture->edges * every >= (EDGES_LEAST + EDGES_FOR_LIKENESS * beyond) * sqrt(cells) &&
	       outline >= (OUTLINE_LEAST + OUTLINE_FOR_LIKENESS * beyond) * texture->boundary;
}
