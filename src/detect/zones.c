#include "detect/zones.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const double AREA_LEAST = 1e-6; /* of the picture */

/* Twice the area of the triangle a, b, c; its sign is the side of a-b that c is on. */
static double side(const struct zone_polygon *p, int a, int b, int c)
{
	return (p->x[b] - p->x[a]) * (p->y[c] - p->y[a]) - (p->y[b] - p->y[a]) * (p->x[c] - p->x[a]);
}

static bool within(double value, double a, double b)
{
	return value >= fmin(a, b) && value <= fmax(a, b);
}

static bool is_on(const struct zone_polygon *p, int a, int b, int c)
{
	return side(p, a, b, c) == 0 && within(p->x[c], p->x[a], p->x[b]) && within(p->y[c], p->y[a], p->y[b]);
}

/* Do the edges a-b and c-d, which share no corner, meet? */
static bool edges_meet(const struct zone_polygon *p, int a, int b, int c, int d)
{
	if (is_on(p, a, b, c) || is_on(p, a, b, d) || is_on(p, c, d, a) || is_on(p, c, d, b))
		return true;
	return (side(p, a, b, c) > 0) != (side(p, a, b, d) > 0) && (side(p, c, d, a) > 0) != (side(p, c, d, b) > 0);
}

static bool crosses_itself(const struct zone_polygon *p)
{
	for (int i = 0; i < p->count; i++)
		for (int j = i + 2; j < p->count; j++)
			if ((j + 1) % p->count != i && edges_meet(p, i, i + 1, j, (j + 1) % p->count))
				return true;
	return false;
}

static double area_of(const struct zone_polygon *p)
{
	double twice = 0;
	for (int i = 0; i < p->count; i++) {
		const int j = (i + 1) % p->count;
		twice += p->x[i] * p->y[j] - p->x[j] * p->y[i];
	}
	return fabs(twice) / 2;
}

static bool is_coordinate(const cJSON *value)
{
	return cJSON_IsNumber(value) && value->valuedouble >= 0 && value->valuedouble <= 1;
}

static int parse_polygon(const cJSON *list, struct zone_polygon *polygon, const char *what, struct error *error)
{
	if (!cJSON_IsArray(list))
		return error_set(error, -EINVAL, "%s needs a polygon: a list of points, [[x, y], …]", what);
	const int count = cJSON_GetArraySize(list);
	if (count < 3 || count > ZONE_POINTS_MAX)
		return error_set(error, -EINVAL, "%s has %d points, but must have from 3 to %d", what, count, ZONE_POINTS_MAX);
	polygon->count = 0;
	for (const cJSON *point = list->child; point; point = point->next) {
		if (!cJSON_IsArray(point) || cJSON_GetArraySize(point) != 2)
			return error_set(error, -EINVAL, "%s: each point must be [x, y]", what);
		if (!is_coordinate(point->child) || !is_coordinate(point->child->next))
			return error_set(error, -EINVAL,
			                 "%s: point %d is outside the picture: x and y are shares of it, from 0 to 1", what,
			                 polygon->count + 1);
		polygon->x[polygon->count] = point->child->valuedouble;
		polygon->y[polygon->count++] = point->child->next->valuedouble;
	}
	if (crosses_itself(polygon))
		return error_set(error, -EINVAL, "%s crosses or touches itself: give its corners in order", what);
	if (area_of(polygon) < AREA_LEAST)
		return error_set(error, -EINVAL, "%s encloses nothing", what);
	return 0;
}

static int parse_name(const cJSON *value, struct zones *zones, struct zone *zone, const char *what, struct error *error)
{
	if (!cJSON_IsString(value) || value->valuestring[0] == '\0')
		return error_set(error, -EINVAL, "%s needs a name", what);
	const char *name = value->valuestring;
	if (strlen(name) >= ZONE_NAME_BYTES)
		return error_set(error, -EINVAL, "%s: the name is longer than %d bytes", what, ZONE_NAME_BYTES - 1);
	for (const char *byte = name; *byte; byte++)
		if ((unsigned char)*byte <= ' ' || strchr("=,\"\\\x7f", *byte))
			return error_set(
			    error, -EINVAL,
			    "%s: the name must not have spaces, \"=\", commas, quotes, backslashes or control characters", what);
	for (int i = 0; i < zones->count; i++)
		if (strcmp(zones->zone[i].name, name) == 0)
			return error_set(error, -EINVAL, "%s: the name \"%s\" is taken by another zone", what, name);
	strcpy(zone->name, name);
	return 0;
}

static int parse_share(const cJSON *value, double min, double *share, const char *what, struct error *error)
{
	if (!cJSON_IsNumber(value) || value->valuedouble < min || value->valuedouble > 100)
		return error_set(error, -EINVAL, "%s: %s must be a number from %g to 100", what, value->string, min);
	*share = value->valuedouble;
	return 0;
}

static int parse_member(const cJSON *member, struct zones *zones, struct zone *zone, const char *what,
                        struct error *error)
{
	const char *key = member->string;
	if (strcmp(key, "name") == 0)
		return parse_name(member, zones, zone, what, error);
	if (strcmp(key, "polygon") == 0)
		return parse_polygon(member, &zone->polygon, what, error);
	if (strcmp(key, "sensitivity") == 0)
		return parse_share(member, 0, &zone->sensitivity, what, error);
	if (strcmp(key, "min_area") == 0)
		return parse_share(member, 0.001, &zone->min_area_percent, what, error);
	return error_set(error, -EINVAL, "%s: unknown \"%.40s\"; a zone has name, polygon, sensitivity and min_area", what,
	                 key);
}

static int parse_zone(const cJSON *object, struct zones *zones, const struct zone_defaults *defaults,
                      struct error *error)
{
	struct zone *zone = &zones->zone[zones->count];
	char what[64];
	const cJSON *name = cJSON_GetObjectItemCaseSensitive(object, "name");
	if (cJSON_IsString(name))
		snprintf(what, sizeof what, "motion.zones: \"%.31s\"", name->valuestring);
	else
		snprintf(what, sizeof what, "motion.zones: zone %d", zones->count + 1);
	*zone = (struct zone){ .sensitivity = defaults->sensitivity, .min_area_percent = defaults->min_area_percent };
	if (!cJSON_IsObject(object))
		return error_set(error, -EINVAL, "%s must be an object: { \"name\": …, \"polygon\": … }", what);
	for (const cJSON *member = object->child; member; member = member->next) {
		int result = parse_member(member, zones, zone, what, error);
		if (result < 0)
			return result;
	}
	if (zone->name[0] == '\0')
		return error_set(error, -EINVAL, "%s needs a name", what);
	if (zone->polygon.count == 0)
		return error_set(error, -EINVAL, "%s needs a polygon: a list of points, [[x, y], …]", what);
	zones->count++;
	return 0;
}

static int parse_list(const char *json, const char *key, int most, cJSON **list, struct error *error)
{
	*list = cJSON_Parse(json[0] ? json : "[]");
	if (!cJSON_IsArray(*list))
		return error_set(error, -EINVAL, "%s must be a list: [ … ]", key);
	const int count = cJSON_GetArraySize(*list);
	if (count > most)
		return error_set(error, -EINVAL, "%s has %d entries, but takes at most %d", key, count, most);
	return 0;
}

static int parse_zones(struct zones *zones, const char *json, const struct zone_defaults *defaults, struct error *error)
{
	cJSON *list;
	int result = parse_list(json, "motion.zones", ZONES_MAX, &list, error);
	for (const cJSON *object = result == 0 ? list->child : NULL; object && result == 0; object = object->next)
		result = parse_zone(object, zones, defaults, error);
	cJSON_Delete(list);
	return result;
}

static int parse_ignore(struct zones *zones, const char *json, struct error *error)
{
	cJSON *list;
	int result = parse_list(json, "motion.ignore", ZONE_IGNORE_MAX, &list, error);
	for (const cJSON *polygon = result == 0 ? list->child : NULL; polygon && result == 0; polygon = polygon->next) {
		char what[64];
		snprintf(what, sizeof what, "motion.ignore: polygon %d", zones->ignored + 1);
		result = cJSON_IsArray(polygon) && cJSON_IsNumber(polygon->child)
		             ? error_set(error, -EINVAL, "%s is a point: give a list of polygons, [[[x, y], …], …]", what)
		             : parse_polygon(polygon, &zones->ignore[zones->ignored++], what, error);
	}
	cJSON_Delete(list);
	return result;
}

static void add_whole_picture(struct zones *zones, const struct zone_defaults *defaults)
{
	zones->zone[zones->count++] = (struct zone){
		.name = "all",
		.polygon = { .count = 4, .x = { 0, 1, 1, 0 }, .y = { 0, 0, 1, 1 } },
		.sensitivity = defaults->sensitivity,
		.min_area_percent = defaults->min_area_percent,
	};
}

int zones_parse(struct zones *zones, const char *zones_json, const char *ignore_json,
                const struct zone_defaults *defaults, struct error *error)
{
	memset(zones, 0, sizeof *zones);
	int result = parse_zones(zones, zones_json, defaults, error);
	if (result == 0)
		result = parse_ignore(zones, ignore_json, error);
	if (result == 0 && zones->count == 0)
		add_whole_picture(zones, defaults);
	return result;
}
