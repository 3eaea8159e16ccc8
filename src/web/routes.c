#include "routes.h"

#include <string.h>

#include "assets.h"
#include "cameras.h"
#include "captures.h"
#include "clips.h"
#include "commands.h"
#include "events.h"
#include "gate.h"
#include "history.h"
#include "hls.h"
#include "live.h"
#include "metrics.h"
#include "motion.h"
#include "pictures.h"
#include "settings.h"

static void healthy(struct request *request)
{
	request_json(request, 200, cJSON_Parse("{\"status\":\"ok\"}"));
}

static const struct route routes[] = {
	{ METHOD_GET, "/at/", ROLE_VIEW, PICTURES_PARAMETERS, pictures_get },
	{ METHOD_GET, "/clip/", ROLE_VIEW, "camera", clips_get },
	{ METHOD_GET, "/live.mjpg", ROLE_VIEW, "camera width fps", live_get },
	{ METHOD_GET, "/live.m3u8", ROLE_VIEW, "camera", hls_playlist },
	{ METHOD_GET, "/live/", ROLE_VIEW, "camera", hls_part },
	{ METHOD_GET, "/api/cameras", ROLE_VIEW, "", cameras_list },
	{ METHOD_GET, "/api/status", ROLE_VIEW, "camera", commands_status },
	{ METHOD_GET, "/api/timeline", ROLE_VIEW, "camera", commands_timeline },
	{ METHOD_GET, "/api/events", ROLE_VIEW, "camera since", events_get },
	{ METHOD_GET, "/api/history", ROLE_VIEW, "camera since until type limit", history_get },
	{ METHOD_GET, "/api/log", ROLE_FULL, "camera since", events_get_log },
	{ METHOD_POST, "/api/save", ROLE_FULL, "camera wait", commands_save },
	{ METHOD_POST, "/api/stack", ROLE_FULL, "camera wait", commands_stack },
	{ METHOD_POST, "/api/clip", ROLE_FULL, "camera wait", commands_clip },
	{ METHOD_POST, "/api/trigger", ROLE_FULL, "camera", commands_trigger },
	{ METHOD_POST, "/api/motion/try", ROLE_FULL, "camera", motion_try },
	{ METHOD_POST, "/api/pins", ROLE_FULL, "camera", commands_pin },
	{ METHOD_POST, "/api/pins/", ROLE_FULL, "camera wait", commands_keep },
	{ METHOD_DELETE, "/api/pins/", ROLE_FULL, "camera", commands_drop },
	{ METHOD_GET, "/api/captures", ROLE_VIEW, "camera limit before", captures_list },
	{ METHOD_GET, "/captures/", ROLE_VIEW, "camera width download", captures_get },
	{ METHOD_DELETE, "/captures/", ROLE_FULL, "camera", captures_delete },
	{ METHOD_GET, "/captures.zip", ROLE_VIEW, "camera files", captures_zip },
	{ METHOD_GET, "/api/settings", ROLE_FULL, "camera", settings_get },
	{ METHOD_PUT, "/api/settings", ROLE_FULL, "camera", settings_put },
	{ METHOD_GET, "/metrics", ROLE_VIEW, "", metrics_get },
	{ METHOD_GET, "/healthz", ROLE_NONE, NULL, healthy },
	{ METHOD_GET, "/api/session", ROLE_NONE, "", gate_session },
	{ METHOD_POST, "/api/login", ROLE_NONE, "", gate_login },
	{ METHOD_POST, "/api/logout", ROLE_NONE, "", gate_logout },
};

/* The page itself is no secret; it asks for the token. */
static const struct route page = { METHOD_GET, "", ROLE_NONE, NULL, assets_get };

static bool matches(const struct route *route, const char *path)
{
	size_t length = strlen(route->pattern);
	bool is_prefix = length > 1 && route->pattern[length - 1] == '/';
	return is_prefix ? strncmp(path, route->pattern, length) == 0 && path[length] : strcmp(path, route->pattern) == 0;
}

const struct route *routes_find(const char *path, enum method method, const char **tail, unsigned *allowed)
{
	const struct route *found = NULL;
	*allowed = 0;
	*tail = "";
	for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
		if (!matches(&routes[i], path))
			continue;
		*allowed |= routes[i].method;
		if (routes[i].method == method && !found) {
			found = &routes[i];
			*tail = path + strlen(routes[i].pattern);
		}
	}
	if (*allowed == 0 && assets_has(path)) {
		*allowed = page.method;
		found = method == page.method ? &page : NULL;
	}
	return found;
}
