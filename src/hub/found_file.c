#include "found_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/sealed_name.h"

enum { MS_PER_S = 1000 };
static const char recovered[] = "-recovered";

static bool is_date(const char *at)
{
	return strspn(at, "0123456789") == 8 && at[8] == '_';
}

/* The date begins the name, or follows the camera's and an underscore. */
static const char *find_date(const char *name)
{
	if (is_date(name))
		return name;
	for (const char *at = strchr(name, '_'); at; at = strchr(at + 1, '_'))
		if (is_date(at + 1))
			return at + 1;
	return NULL;
}

/* B: the second time that the clocks showed it, after they were put back. */
static bool read_time(const char *at, int64_t *time_ms, const char **end)
{
	struct tm tm = { .tm_isdst = -1 };
	int length = 0;
	if (sscanf(at, "%4d%2d%2d_%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &length) != 4)
		return false;
	at += length;
	if (*at == 'B') {
		tm.tm_isdst = 0;
		at++;
	}
	if (sscanf(at, "%2d%2d%n", &tm.tm_min, &tm.tm_sec, &length) != 2)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	time_t seconds = mktime(&tm);
	*time_ms = (int64_t)seconds * MS_PER_S;
	*end = at + length;
	return seconds != (time_t)-1;
}

/* _f00000042.jpg, _f00000042-2.png, _f00000042-recovered.mp4: from the frame's number on. */
static bool is_rest(const char *at, const char *dot, const char *end)
{
	static const char *const extensions[] = { ".jpg", ".png", ".npy", ".mp4" };
	size_t digits = strncmp(at, "_f", 2) == 0 ? strspn(at + 2, "0123456789") : 0;
	if (digits < 8)
		return false;
	at += 2 + digits;
	if (strncmp(at, recovered, sizeof recovered - 1) == 0)
		at += sizeof recovered - 1;
	if (*at == '-')
		at += 1 + strspn(at + 1, "0123456789");
	for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++)
		if (at == dot && strncmp(dot, extensions[i], (size_t)(end - dot)) == 0 && end - dot == 4)
			return true;
	return false;
}

bool found_file_parse(const char *name, struct found_file *file)
{
	*file = (struct found_file){ .frame = 0 };
	const char *date = find_date(name);
	const size_t length = sealed_name_length(name);
	const char *end, *dot = memrchr(name, '.', length);
	if (!date || !dot || !read_time(date, &file->time_ms, &end) || !is_rest(end, dot, name + length))
		return false;
	size_t camera = date > name ? (size_t)(date - name - 1) : 0;
	if (camera > 0 && !camera_name_is_good(name, camera))
		return false;
	memcpy(file->camera, name, camera);
	file->frame = strtoll(end + 2, NULL, 10);
	file->is_clip = strncmp(dot, ".mp4", 4) == 0;
	file->base_length = (int)(dot - name);
	return true;
}
