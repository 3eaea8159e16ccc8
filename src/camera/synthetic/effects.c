#include "effects_private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	double value, least, most;
	double length_s; /* of those that cross */
} KINDS[EFFECT_KINDS] = {
	[EFFECT_STILL] = { "still", 1, 1, 1, 0 },
	[EFFECT_NOISE] = { "noise", 1, 0, 100, 0 },
	[EFFECT_BLUR] = { "blur", 2, 1, 16, 0 },
	[EFFECT_CLOUD] = { "cloud", 0.5, 0, 0.95, 10 },
	[EFFECT_DIM] = { "dim", 0.5, 0, 0.95, 10 },
	[EFFECT_LAMP] = { "lamp", 2, -6, 6, 0 },
	[EFFECT_HEADLIGHTS] = { "headlights", 2, 0, 6, 10 },
	[EFFECT_RAIN] = { "rain", 200, 0, 10000, 0 },
	[EFFECT_SWAY] = { "sway", 6, 0, 64, 0 },
	[EFFECT_WALKER] = { "walker", 0.5, 0.01, 50, 10 },
};

static const double SECONDS_MAX = 1e9;
/* A walker's box is so many times as high as wide, and filled to such a share. */
static const double WALKER_SLIM = 2.4, WALKER_FILLED = 0.55;
static const double WALKER_FEET = 0.86; /* of the picture's height */

static bool parse_kind(const char **text, enum effect_kind *kind)
{
	size_t length = strcspn(*text, "=@,");
	for (int i = 0; i < EFFECT_KINDS; i++) {
		if (strlen(KINDS[i].name) == length && strncmp(*text, KINDS[i].name, length) == 0) {
			*text += length;
			*kind = (enum effect_kind)i;
			return true;
		}
	}
	return false;
}

/* A mark and a number. True without the mark, when *number stays. */
static bool parse_number(const char **text, char mark, double *number)
{
	if (**text != mark)
		return true;
	const char *start = *text + 1;
	size_t length = strspn(start, "-0123456789.");
	char *end;
	*number = strtod(start, &end);
	*text = end;
	return length > 0 && end == start + length && fabs(*number) <= SECONDS_MAX;
}

static bool parse_effect(const char **text, struct effect *effect)
{
	*effect = (struct effect){ 0 };
	if (!parse_kind(text, &effect->kind))
		return false;
	effect->value = KINDS[effect->kind].value;
	if (!parse_number(text, '=', &effect->value) || !parse_number(text, '@', &effect->start_s) ||
	    !parse_number(text, '+', &effect->length_s) || !parse_number(text, '/', &effect->period_s))
		return false;
	if (effect->length_s == 0)
		effect->length_s = KINDS[effect->kind].length_s;
	return (**text == ',' || **text == '\0') && effect->value >= KINDS[effect->kind].least &&
	       effect->value <= KINDS[effect->kind].most && effect->start_s >= 0 && effect->length_s >= 0 &&
	       (effect->period_s == 0 || effect->period_s > effect->length_s);
}

int effects_parse(const char *text, struct effect_plan *plan, struct error *error)
{
	*plan = (struct effect_plan){ 0 };
	if (*text == '\0')
		return 0;
	for (const char *at = text;; at++) {
		const char *start = at;
		if (plan->count == EFFECTS_MAX)
			return error_set(error, -EINVAL, "too many effects of the synthetic camera, at most %d", EFFECTS_MAX);
		if (!parse_effect(&at, &plan->effects[plan->count++])) {
			size_t length = strcspn(start, ",");
			return error_set(
			    error, -EINVAL,
			    "effect \"%.*s\" is not kind[=value][@start[+length][/period]] with a kind of still, noise, "
			    "blur, cloud, dim, lamp, headlights, rain, sway, walker, and a value that it can have",
			    (int)(length < 60 ? length : 60), start);
		}
		if (*at == '\0')
			return 0;
	}
}

static bool is_on(const struct effect *effect, double at_s, double *through)
{
	double since_s = at_s - effect->start_s;
	*through = 0;
	if (since_s < 0)
		return false;
	if (effect->period_s > 0)
		since_s = fmod(since_s, effect->period_s);
	if (!(effect->length_s > 0))
		return true;
	*through = since_s / effect->length_s;
	return *through < 1;
}

const struct effect *effects_active(const struct effect_plan *plan, enum effect_kind kind, double at_s, double *through)
{
	for (int i = 0; i < plan->count; i++)
		if (plan->effects[i].kind == kind && is_on(&plan->effects[i], at_s, through))
			return &plan->effects[i];
	return NULL;
}

/* Uncut. */
struct scene_rect walker_rect(const struct effect *effect, int width, int height, double through)
{
	const double area = effect->value / 100 * width * height / WALKER_FILLED;
	const int tall = (int)fmax(sqrt(area * WALKER_SLIM), 4), wide = (int)fmax(tall / WALKER_SLIM, 2);
	const double way = width + 2.0 * wide;
	return (struct scene_rect){ (int)floor(through * way) - wide, (int)(WALKER_FEET * height) - tall, wide, tall };
}

bool effects_walker(const struct effect_plan *plan, int width, int height, double at_s, struct scene_rect *rect)
{
	double through;
	const struct effect *effect = effects_active(plan, EFFECT_WALKER, at_s, &through);
	if (!effect)
		return false;
	*rect = walker_rect(effect, width, height, through);
	const int right = rect->x + rect->width < width ? rect->x + rect->width : width;
	rect->x = rect->x > 0 ? rect->x : 0;
	rect->width = right - rect->x;
	if (rect->y < 0) {
		rect->height += rect->y;
		rect->y = 0;
	}
	return rect->width > 0 && rect->height > 0;
}
