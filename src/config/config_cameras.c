#include "config_cameras.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RSS_LEAST_MB = 32, PORT_MAX = 65535 };

/* What one camera has that another must not have too, and its part of what is shared. */
struct camera_plan {
	const char *name;
	int port;
	bool has_own_rss, has_own_log;
	int max_rss_mb; /* has_own_rss */
	double share;   /* 0: an equal part of the rest */
	int backend;
	char id[CONFIG_TEXT_BYTES], log_file[CONFIG_TEXT_BYTES];
};

static int read_names(struct config_cameras *cameras, const cJSON *object, struct error *error)
{
	if (!cJSON_IsObject(object))
		return error_set(error, -EINVAL, "cameras must be a section: { \"front\": { … }, … }");
	cameras->count = 0;
	for (const cJSON *item = object->child; item; item = item->next) {
		const char *name = item->string ? item->string : "";
		if (!camera_name_is_good(name, strlen(name)))
			return error_set(error, -EINVAL, "cameras has the name \"%.40s\", but a name %s", name, camera_name_rule());
		if (!cJSON_IsObject(item))
			return error_set(error, -EINVAL, "cameras.%s must be a section: { … }", name);
		if (config_cameras_index(cameras, name) >= 0)
			return error_set(error, -EINVAL, "cameras has the name \"%s\" twice", name);
		if (cameras->count == CONFIG_CAMERAS_MAX)
			return error_set(error, -EINVAL, "cameras has more than %d of them", CONFIG_CAMERAS_MAX);
		strcpy(cameras->names[cameras->count++], name);
	}
	if (cameras->count == 0)
		return error_set(error, -EINVAL, "cameras is empty: name at least one, or leave it out for a single camera");
	return 0;
}

static const cJSON *own_value(const cJSON *camera, const char *section, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(camera, section), key);
}

/* "/var/log/pastcam.log" becomes "/var/log/pastcam-front.log": two processes cannot rotate one file. */
static void name_log_file(char file[CONFIG_TEXT_BYTES], const char *name)
{
	char text[CONFIG_TEXT_BYTES + CAMERA_NAME_BYTES];
	const char *slash = strrchr(file, '/');
	const char *base = slash ? slash + 1 : file;
	const char *dot = strrchr(base, '.');
	size_t stem = dot && dot > base ? (size_t)(dot - file) : strlen(file);
	snprintf(text, sizeof text, "%.*s-%s%s", (int)stem, file, name, file + stem);
	if (file[0] && strlen(text) < CONFIG_TEXT_BYTES)
		strcpy(file, text);
}

/* What is wrong in another camera's section is not this one's business: its own check tells. */
static void make_plan(struct camera_plan *plan, struct config *scratch, const struct config *common,
                      const cJSON *camera, size_t index)
{
	*scratch = *common;
	config_parse_object(scratch, camera, "", NULL, NULL);
	plan->name = common->cameras.names[index];
	plan->port = scratch->network.trigger_port;
	if (!own_value(camera, "network", "trigger_port") && plan->port != 0)
		plan->port += (int)index;
	plan->has_own_rss = own_value(camera, "memory", "max_rss_mb") != NULL;
	plan->max_rss_mb = scratch->memory.max_rss_mb;
	plan->share = scratch->memory.share;
	plan->backend = scratch->camera.backend;
	strcpy(plan->id, scratch->camera.id);
	plan->has_own_log = own_value(camera, "logging", "file") != NULL;
	strcpy(plan->log_file, scratch->logging.file);
	if (!plan->has_own_log)
		name_log_file(plan->log_file, plan->name);
}

static int check_clash(const struct camera_plan *one, const struct camera_plan *other, struct error *error)
{
	if (one->port != 0 && one->port == other->port)
		return error_set(error, -EINVAL,
		                 "the cameras %s and %s both have port %d: give each a network.trigger_port of its own",
		                 one->name, other->name, one->port);
	if (one->backend == 0 && other->backend == 0 && strcmp(one->id, other->id) == 0)
		return error_set(error, -EINVAL, "the cameras %s and %s both take %s%.60s%s: give each a camera.id of its own",
		                 one->name, other->name, one->id[0] ? "the camera \"" : "the first camera", one->id,
		                 one->id[0] ? "\"" : "");
	if (one->log_file[0] && strcmp(one->log_file, other->log_file) == 0)
		return error_set(error, -EINVAL,
		                 "the cameras %s and %s both log to %.100s: give each a logging.file of its own", one->name,
		                 other->name, one->log_file);
	return 0;
}

/* Parts of the common memory.max_rss_mb: as much as said, and what is left equally among the others. */
static double rss_of(const struct camera_plan *plans, size_t count, size_t index, int total_mb)
{
	double left = total_mb;
	size_t sharers = 0;
	for (size_t i = 0; i < count; i++) {
		if (plans[i].has_own_rss)
			left -= plans[i].max_rss_mb;
		else if (plans[i].share > 0)
			left -= total_mb * plans[i].share;
		else
			sharers++;
	}
	if (plans[index].has_own_rss)
		return plans[index].max_rss_mb;
	return plans[index].share > 0 ? total_mb * plans[index].share : left / (double)sharers;
}

static int share_memory(struct config *config, const struct camera_plan *plans, size_t index, int total_mb,
                        struct error *error)
{
	size_t count = config->cameras.count;
	double shares = 0, all_mb = 0, own_mb = rss_of(plans, count, index, total_mb);
	for (size_t i = 0; i < count; i++) {
		shares += plans[i].has_own_rss ? 0 : plans[i].share;
		all_mb += fmax(rss_of(plans, count, i, total_mb), 0);
	}
	if (shares > 1.0 + 1e-9)
		return error_set(error, -EINVAL, "memory.share of all cameras together is %g, but must not be more than 1",
		                 shares);
	if (own_mb < RSS_LEAST_MB)
		return error_set(error, -EINVAL,
		                 "memory.max_rss_mb is %d MiB for all cameras together, which leaves %.0f MiB for %s, but it "
		                 "needs at least %d: raise it, or change memory.share",
		                 total_mb, fmax(own_mb, 0), plans[index].name, RSS_LEAST_MB);
	config->memory.max_rss_mb = (int)own_mb;
	config->memory.share = own_mb / all_mb;
	return 0;
}

static int apply_plans(struct config *config, const struct camera_plan *plans, size_t index, int total_mb,
                       struct error *error)
{
	const struct camera_plan *own = &plans[index];
	for (size_t i = 0; i < config->cameras.count; i++) {
		int result = i == index ? 0 : check_clash(own, &plans[i], error);
		if (result < 0)
			return result;
	}
	if (own->port > PORT_MAX)
		return error_set(error, -EINVAL,
		                 "the port of the camera %s, counted up from network.trigger_port, is %d, but must be at most "
		                 "%d: give it one of its own",
		                 own->name, own->port, PORT_MAX);
	config->network.trigger_port = own->port;
	strcpy(config->logging.file, own->log_file);
	return share_memory(config, plans, index, total_mb, error);
}

static int override(struct config *config, const cJSON *camera, struct config_warnings *warnings, struct error *error)
{
	struct error reason = { 0 };
	if (warnings)
		warnings->camera = config->name;
	int result = config_parse_object(config, camera, "", warnings, &reason);
	if (warnings)
		warnings->camera = "";
	return result < 0 ? error_set(error, result, "cameras.%s: %s", config->name, reason.text) : 0;
}

int config_cameras_apply(struct config *config, const cJSON *cameras, struct config_warnings *warnings,
                         struct error *error)
{
	int result = read_names(&config->cameras, cameras, error);
	int index = result < 0 ? -1 : config_cameras_index(&config->cameras, config->name);
	if (index < 0)
		return result;
	struct config *copies = calloc(2, sizeof *copies);
	assert(config->cameras.count > 0);
	struct camera_plan *plans = calloc(config->cameras.count, sizeof *plans);
	if (copies && plans) {
		struct config *common = &copies[0], *scratch = &copies[1];
		*common = *config;
		size_t i = 0;
		for (const cJSON *item = cameras->child; item; item = item->next, i++)
			make_plan(&plans[i], scratch, common, item, i);
		result = override(config, cJSON_GetArrayItem(cameras, index), warnings, error);
		if (result == 0)
			result = apply_plans(config, plans, (size_t)index, common->memory.max_rss_mb, error);
	} else {
		result = error_set(error, -ENOMEM, "no memory for the configuration of %zu cameras", config->cameras.count);
	}
	free(plans);
	free(copies);
	return result;
}

int config_cameras_index(const struct config_cameras *cameras, const char *name)
{
	for (size_t i = 0; i < cameras->count; i++)
		if (strcmp(cameras->names[i], name) == 0)
			return (int)i;
	return -1;
}

/* "front, yard, …", cut where the room ends. */
static void list_names(const struct config_cameras *cameras, char *text, size_t bytes)
{
	text[0] = '\0';
	for (size_t i = 0; i < cameras->count; i++) {
		size_t used = strlen(text);
		snprintf(text + used, bytes - used, "%s%s", i > 0 ? ", " : "", cameras->names[i]);
	}
}

int config_check_camera(const struct config *config, struct error *error)
{
	const struct config_cameras *cameras = &config->cameras;
	char names[160];
	list_names(cameras, names, sizeof names);
	if (config->name[0] == '\0' && cameras->count == 0)
		return 0;
	if (config->name[0] == '\0')
		return error_set(error, -EINVAL, "there are several cameras: say which, as in --camera %s (%s)",
		                 cameras->names[0], names);
	if (cameras->count == 0)
		return error_set(error, -EINVAL,
		                 "the configuration has no \"cameras\": leave --camera %.32s away, or add "
		                 "\"cameras\": {\"%.32s\": {}}",
		                 config->name, config->name);
	if (config_cameras_index(cameras, config->name) < 0)
		return error_set(error, -EINVAL, "there is no camera \"%.32s\" in the configuration: it has %s", config->name,
		                 names);
	return 0;
}
