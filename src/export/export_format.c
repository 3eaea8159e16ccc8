/* The formats' names: all that whoever only reads requests needs of the export. */
#include <strings.h>

#include "export/export.h"

static const struct {
	enum export_format format;
	const char *name;
} formats[EXPORT_FORMAT_COUNT] = { { EXPORT_JPG, "jpg" }, { EXPORT_PNG, "png" }, { EXPORT_NPY, "npy" } };

unsigned export_format_of(const char *name)
{
	if (strcasecmp(name, "jpeg") == 0)
		return EXPORT_JPG;
	for (size_t i = 0; i < EXPORT_FORMAT_COUNT; i++)
		if (strcasecmp(name, formats[i].name) == 0)
			return formats[i].format;
	return 0;
}

const char *export_format_name(enum export_format format)
{
	for (size_t i = 0; i < EXPORT_FORMAT_COUNT; i++)
		if (formats[i].format == format)
			return formats[i].name;
	return "unknown";
}
