#include "file_name.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/sealed_name.h"
#include "export/export.h"

void file_name_base(const char *camera, int64_t wall_ns, uint64_t frame_id, char base[FILE_NAME_BASE_BYTES])
{
	char second[24];
	const char *format = clock_is_repeated(wall_ns) ? "%Y%m%d_%HB%M%S" : "%Y%m%d_%H%M%S";
	bool has_camera = camera && camera[0];

	clock_format_local(wall_ns, format, second, sizeof second);
	snprintf(base, FILE_NAME_BASE_BYTES, "%.32s%s%s_f%08" PRIu64, has_camera ? camera : "", has_camera ? "_" : "",
	         second, frame_id);
}

/* Moves at over exactly count digits; false when there are fewer. */
static bool skip_digits(const char **at, size_t count)
{
	for (; count > 0; count--, ++*at)
		if (**at < '0' || **at > '9')
			return false;
	return true;
}

static bool skip_text(const char **at, const char *text)
{
	size_t length = strlen(text);
	if (strncmp(*at, text, length) != 0)
		return false;
	*at += length;
	return true;
}

/* -2 and up; nothing is fine too. */
static bool skip_number(const char **at)
{
	if (**at != '-')
		return true;
	const char *digits = ++*at;
	size_t count = strspn(digits, "0123456789");
	*at += count;
	return count > 0 && digits[0] != '0' && !(count == 1 && digits[0] == '1');
}

/* Sealed or not. */
static bool is_text(const char *text, const char *extension)
{
	return skip_text(&text, extension) && (text[0] == '\0' || strcmp(text, SEALED_NAME_END) == 0);
}

/* A clip's picture is a JPG of the clip's name. */
static bool is_extension(const char *text)
{
	if (is_text(text, FILE_NAME_CLIP) || strcmp(text, FILE_NAME_MANIFEST) == 0)
		return true;
	for (unsigned i = 0; i < EXPORT_FORMAT_COUNT; i++)
		if (is_text(text, export_format_name((enum export_format)(1u << i))))
			return true;
	return false;
}

/* From the date to the end. */
static bool is_own_rest(const char *at)
{
	if (!skip_digits(&at, 8) || !skip_text(&at, "_") || !skip_digits(&at, 2))
		return false;
	skip_text(&at, "B");
	if (!skip_digits(&at, 4) || !skip_text(&at, "_f"))
		return false;
	size_t digits = strspn(at, "0123456789");
	if (digits < 8 || (digits > 8 && at[0] == '0'))
		return false;
	at += digits;
	bool recovered = skip_text(&at, FILE_NAME_RECOVERED);
	if (!skip_number(&at) || !skip_text(&at, "."))
		return false;
	return recovered ? is_text(at, FILE_NAME_CLIP) : is_extension(at);
}

/* A camera's name may have underscores in it, so any of them may be its end. */
bool export_is_own_name(const char *name)
{
	if (is_own_rest(name))
		return true;
	for (const char *end = strchr(name, '_'); end; end = strchr(end + 1, '_'))
		if (camera_name_is_good(name, (size_t)(end - name)) && is_own_rest(end + 1))
			return true;
	return false;
}
