#include "motion.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "base/utf8.h"
#include "detect/zones.h"

enum { TRY_S = 120, BLOCK_LEAST = 2, BLOCK_MOST = 8, GRID_MOST = 1024 };

/* --- trying --- */

int motion_line(struct line *line, const cJSON *body, struct error *error)
{
	*line = LINE_NULL;
	line_word(line, "motion", error);
	line_word(line, "try", error);
	for (const cJSON *member = body->child; member && line->result == 0; member = member->next) {
		const char *name = member->string;
		if (name[0] == '\0' || name[strspn(name, "abcdefghijklmnopqrstuvwxyz_")] != '\0')
			return line->result =
			           error_set(error, -EINVAL, "\"%.*s\" is no key of the section motion", utf8_fit(name, 40), name);
		char *text = cJSON_IsString(member) ? strdup(member->valuestring) : cJSON_PrintUnformatted(member);
		if (!text)
			return line->result = error_set(error, -ENOMEM, "no memory for the request");
		line_pair(line, name, text, error);
		free(text);
	}
	return line->result;
}

cJSON *motion_parse_reply(const char *reply)
{
	unsigned long frames;
	double seconds;
	if (sscanf(reply, "TRIED frames=%lu seconds=%lf", &frames, &seconds) != 2)
		return NULL;
	cJSON *json = cJSON_CreateObject();
	cJSON_AddNumberToObject(json, "frames", (double)frames);
	cJSON_AddNumberToObject(json, "seconds", seconds);
	cJSON *events = cJSON_AddArrayToObject(json, "events");
	for (const char *line = strchr(reply, '\n'); line; line = strchr(line + 1, '\n'))
		cJSON_AddItemToArray(events, cJSON_Parse(line + 1));
	return json;
}

static void answer_try(struct request *request, struct ask_reply *reply)
{
	cJSON *json = motion_parse_reply(reply->text);
	if (json)
		request_json(request, 200, json);
	else
		request_problem(request, 502, "pastcam answered with something else than what it has tried");
}

void motion_try(struct request *request)
{
	struct line line;
	struct error error = { 0 };
	cJSON *body = request_body_json(request);
	if (!body)
		return;
	int result = motion_line(&line, body, &error);
	cJSON_Delete(body);
	const struct camera *camera = result == 0 ? cameras_of_request(request) : NULL;
	if (result < 0)
		request_problem(request, result == -ENAMETOOLONG ? 413 : 400, "%s", error.text);
	else if (camera)
		ask_camera(request, camera, line.text, false, TRY_S, answer_try);
}

/* --- checking --- */

/* On each grid that pastcam might lay over the picture. */
static int check_cells(const struct zones *zones, int width, int height, struct error *error)
{
	int result = 0;
	for (int block = BLOCK_LEAST; block <= BLOCK_MOST && result == 0; block *= 2) {
		struct zone_map map = { 0 };
		if (width >= block && height >= block && width / block <= GRID_MOST)
			result = zone_map_init(&map, zones, width / block, height / block, error);
		zone_map_finish(&map);
	}
	return result;
}

int motion_check_settings(const struct config *config, struct error *error)
{
	const struct zone_defaults defaults = { config->motion.sensitivity, config->motion.min_area };
	const int scale = config->motion.scale;
	if ((scale & (scale - 1)) != 0)
		return error_set(error, -EINVAL, "motion.scale is %d, but must be 1, 2, 4 or 8", scale);
	struct zones *zones = malloc(sizeof *zones);
	if (!zones)
		return error_set(error, -ENOMEM, "no memory to check the zones");
	int result = zones_parse(zones, config->motion.zones, config->motion.ignore, &defaults, error);
	bool is_smaller = config->ring.downscale;
	if (result == 0)
		result = check_cells(zones, is_smaller ? config->ring.downscale_width : config->camera.width,
		                     is_smaller ? config->ring.downscale_height : config->camera.height, error);
	free(zones);
	return result;
}
