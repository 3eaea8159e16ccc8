#include <string.h>

#include "service/status.h"

static const char *type_text(enum status_form form)
{
	switch (form) {
	case STATUS_INT:
	case STATUS_INT64:
	case STATUS_UINT64:
	case STATUS_SIZE:
		return "integer";
	case STATUS_DOUBLE:
	case STATUS_MIB:
		return "number";
	case STATUS_AGE:
	case STATUS_MIB_OR_NULL:
		return "number or null";
	case STATUS_BOOL:
		return "boolean";
	case STATUS_TEXT:
	case STATUS_WORDS:
		return "text";
	case STATUS_LIST:
		return "list";
	}
	return "";
}

static const char *kind_text(enum status_kind kind)
{
	static const char *const texts[] = { "counter", "gauge", "state", "information" };
	return texts[kind];
}

/* Bytes of the section's name, "camera" of "camera.frames"; 0 without one. */
static size_t section_bytes(const char *path)
{
	const char *dot = strchr(path, '.');
	return dot ? (size_t)(dot - path) : 0;
}

static void write_header(FILE *out, const char *path, size_t bytes)
{
	if (bytes > 0)
		fprintf(out, "\n## %.*s\n", (int)bytes, path);
	else
		fprintf(out, "\n## The whole\n");
	fprintf(out, "\n| key | type | kind | unit | meaning |\n|---|---|---|---|---|\n");
}

void status_reference(const struct status *status, FILE *out)
{
	fprintf(
	    out,
	    "# Status\n\n"
	    "`status` answers with one line of JSON, an object of objects: `camera.frames` is `frames` in `camera`. A\n"
	    "counter only rises, from 0 at the start of the process; a gauge goes up and down; a state is one of a few\n"
	    "words. Null is what is not known, or has not happened. New keys may come; those that are here stay.\n"
	    "This page is made by `pastcam --status-reference`; the tests compare the two.\n");
	const char *last = NULL;
	for (size_t i = 0; i < status->count; i++)
		for (size_t j = 0; j < status->sources[i].group->row_count; j++) {
			const struct status_row *row = &status->sources[i].group->rows[j];
			size_t bytes = section_bytes(row->path);
			if (!last || section_bytes(last) != bytes || strncmp(last, row->path, bytes) != 0)
				write_header(out, row->path, bytes);
			fprintf(out, "| `%s` | %s | %s | %s | %s |\n", row->path, type_text(row->form), kind_text(row->kind),
			        row->unit, row->help);
			last = row->path;
		}
}
