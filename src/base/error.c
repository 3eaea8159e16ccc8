#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

static void write_text(struct error *error, int code, const char *format, va_list arguments)
{
	error->code = code;
	vsnprintf(error->text, sizeof error->text, format, arguments);
	utf8_repair(error->text);
}

int error_set(struct error *error, int code, const char *format, ...)
{
	if (!error)
		return code;
	va_list arguments;
	va_start(arguments, format);
	write_text(error, code, format, arguments);
	va_end(arguments);
	return code;
}

int error_set_errno(struct error *error, int code, const char *format, ...)
{
	if (!error)
		return code;
	va_list arguments;
	va_start(arguments, format);
	write_text(error, code, format, arguments);
	va_end(arguments);

	char words[96];
	size_t used = strlen(error->text);
	snprintf(error->text + used, sizeof error->text - used, ": %s", strerror_r(-code, words, sizeof words));
	utf8_repair(error->text);
	return code;
}
