#include "openmetrics.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <string.h>

enum { NAME_BYTES = 160, CAMERAS_MAX = 64 };

/* Endings of paths that name a unit, and what makes base units of them. */
static const struct {
	const char *end, *base;
	double factor;
} units[] = {
	{ "_mib", "_bytes", 1 << 20 },
	{ "_us", "_seconds", 1e-6 },
	{ "_ms", "_seconds", 1e-3 },
	{ "_s", "_seconds", 1 },
};

/* "memory.rss_mib" becomes pastcam_memory_rss_bytes; returns the factor. */
static double make_name(const char *path, char name[NAME_BYTES])
{
	snprintf(name, NAME_BYTES - 16, "pastcam_%s", path);
	for (char *dot = name; (dot = strchr(dot, '.')) != NULL;)
		*dot = '_';
	size_t length = strlen(name);
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		size_t end = strlen(units[i].end);
		if (length > end && strcmp(name + length - end, units[i].end) == 0) {
			strcpy(name + length - end, units[i].base);
			return units[i].factor;
		}
	}
	return 1;
}

static void write_escaped(FILE *out, const char *text, bool is_label)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '\n' || (*text == '"' && is_label))
			fputc('\\', out);
		fputc(*text == '\n' ? 'n' : *text, out);
	}
}

static void write_label(FILE *out, const char *name, const char *value)
{
	fprintf(out, "%s=\"", name);
	write_escaped(out, value, true);
	fputc('"', out);
}

static const cJSON *value_at(const cJSON *status, const char *path)
{
	char part[64];
	const char *dot;
	while (status && (dot = strchr(path, '.')) != NULL) {
		snprintf(part, sizeof part, "%.*s", (int)(dot - path), path);
		status = cJSON_GetObjectItemCaseSensitive(status, part);
		path = dot + 1;
	}
	return cJSON_GetObjectItemCaseSensitive(status, path);
}

static void write_sample(FILE *out, const char *name, const char *camera, const cJSON *value, bool is_counter,
                         double factor)
{
	const char *last = cJSON_IsString(value) ? "_info" : is_counter ? "_total" : "";
	fprintf(out, "%s%s{", name, last);
	write_label(out, "camera", camera);
	if (cJSON_IsString(value)) {
		fputc(',', out);
		write_label(out, "value", value->valuestring);
	}
	fprintf(out, "} %.10g\n", cJSON_IsNumber(value) ? value->valuedouble * factor : !cJSON_IsFalse(value));
}

static bool is_shown(const cJSON *value)
{
	return cJSON_IsNumber(value) || cJSON_IsBool(value) || (cJSON_IsString(value) && value->valuestring[0]);
}

static void write_family(FILE *out, const cJSON *row, const char *path, cJSON *const *statuses,
                         const struct openmetrics_camera *cameras, size_t count)
{
	char name[NAME_BYTES];
	const cJSON *kind = cJSON_GetObjectItemCaseSensitive(row, "kind");
	const cJSON *help = cJSON_GetObjectItemCaseSensitive(row, "help");
	double factor = make_name(path, name);
	bool is_counter = cJSON_IsString(kind) && strcmp(kind->valuestring, "counter") == 0;
	bool has_head = false;
	for (size_t i = 0; i < count; i++) {
		const cJSON *value = value_at(statuses[i], path);
		if (!is_shown(value))
			continue;
		if (!has_head) {
			fprintf(out, "# TYPE %s %s\n# HELP %s ", name,
			        cJSON_IsString(value) ? "info"
			        : is_counter          ? "counter"
			                              : "gauge",
			        name);
			write_escaped(out, cJSON_IsString(help) ? help->valuestring : "", false);
			fputc('\n', out);
		}
		has_head = true;
		write_sample(out, name, cameras[i].name, value, is_counter, factor);
	}
}

void openmetrics_write(FILE *out, const char *rows, const struct openmetrics_camera *cameras, size_t count)
{
	cJSON *statuses[CAMERAS_MAX] = { NULL };
	cJSON *table = rows ? cJSON_Parse(rows) : NULL;
	const cJSON *row;
	count = count < CAMERAS_MAX ? count : CAMERAS_MAX;
	fputs("# TYPE pastcam_up gauge\n# HELP pastcam_up Whether the camera's pastcam answers.\n", out);
	for (size_t i = 0; i < count; i++) {
		statuses[i] = cameras[i].status ? cJSON_Parse(cameras[i].status) : NULL;
		fprintf(out, "pastcam_up{");
		write_label(out, "camera", cameras[i].name);
		fprintf(out, "} %d\n", statuses[i] != NULL);
	}
	cJSON_ArrayForEach(row, table)
	{
		const cJSON *path = cJSON_GetObjectItemCaseSensitive(row, "path");
		if (cJSON_IsString(path))
			write_family(out, row, path->valuestring, statuses, cameras, count);
	}
	for (size_t i = 0; i < count; i++)
		cJSON_Delete(statuses[i]);
	cJSON_Delete(table);
}
