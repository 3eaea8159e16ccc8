#include "target.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

static int hex_digit(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	digit = (char)(digit | 0x20);
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* Decodes text in place. is_query: `+` is a space there. */
static int decode(char *text, bool is_query, struct error *error)
{
	char *out = text;
	for (const char *in = text; *in; in++) {
		int byte = (unsigned char)*in;
		if (*in == '%') {
			int high = hex_digit(in[1]), low = high < 0 ? -1 : hex_digit(in[2]);
			if (low < 0)
				return error_set(error, -EINVAL, "a percent sign must be followed by two hexadecimal digits");
			byte = high << 4 | low;
			in += 2;
			if (byte == '/' && !is_query)
				return error_set(error, -EINVAL, "the path has an encoded slash in it");
		} else if (is_query && *in == '+') {
			byte = ' ';
		}
		if (byte < ' ' || byte == 0x7f)
			return error_set(error, -EINVAL, "there is a control character in the address");
		*out++ = (char)byte;
	}
	*out = '\0';
	return 0;
}

static int check_utf8(const char *text, struct error *error)
{
	char repaired[TARGET_BYTES];
	strcpy(repaired, text);
	utf8_repair(repaired);
	return strcmp(repaired, text) == 0 ? 0 : error_set(error, -EINVAL, "the address is not valid UTF-8");
}

static int parse_path(char *path, struct error *error)
{
	int result = decode(path, false, error);
	if (result < 0)
		return result;
	for (const char *slash = path; slash; slash = strchr(slash + 1, '/')) {
		size_t length = strcspn(slash + 1, "/");
		bool is_dots = (length == 1 && slash[1] == '.') || (length == 2 && slash[1] == '.' && slash[2] == '.');
		if (is_dots || strchr(slash, '\\'))
			return error_set(error, -EINVAL, "the path leads elsewhere");
	}
	return check_utf8(path, error);
}

static int parse_parameter(struct target *target, char *text, struct error *error)
{
	if (text[0] == '\0')
		return 0;
	if (target->count == TARGET_PARAMETERS)
		return error_set(error, -EINVAL, "more than %d parameters", TARGET_PARAMETERS);
	char *equals = strchr(text, '=');
	char *value = equals ? equals + 1 : text + strlen(text);
	if (equals)
		*equals = '\0';
	int result = decode(text, true, error);
	if (result == 0)
		result = decode(value, true, error);
	if (result == 0)
		result = check_utf8(text, error);
	if (result == 0)
		result = check_utf8(value, error);
	target->parameters[target->count].name = text;
	target->parameters[target->count++].value = value;
	return result;
}

int target_parse(struct target *target, const char *text, struct error *error)
{
	target->count = 0;
	target->path = "/";
	if (strlen(text) >= sizeof target->text)
		return error_set(error, -EINVAL, "the address is longer than %d bytes", TARGET_BYTES - 1);
	if (text[0] != '/')
		return error_set(error, -EINVAL, "the address must begin with a slash");
	strcpy(target->text, text);
	char *query = strchr(target->text, '?');
	if (query)
		*query++ = '\0';
	int result = parse_path(target->text, error);
	while (result == 0 && query) {
		char *next = strchr(query, '&');
		if (next)
			*next++ = '\0';
		result = parse_parameter(target, query, error);
		query = next;
	}
	if (result == 0)
		target->path = target->text;
	else
		target->count = 0;
	return result;
}

const char *target_value(const struct target *target, const char *name)
{
	for (size_t i = 0; i < target->count; i++)
		if (strcmp(target->parameters[i].name, name) == 0)
			return target->parameters[i].value;
	return NULL;
}

static bool is_word_of(const char *word, const char *words)
{
	size_t length = strlen(word);
	for (const char *at = words; *at; at += strspn(at, " ")) {
		size_t known = strcspn(at, " ");
		if (known == length && strncmp(at, word, length) == 0)
			return true;
		at += known;
	}
	return false;
}

int target_check_names(const struct target *target, const char *names, struct error *error)
{
	for (size_t i = 0; i < target->count; i++) {
		const char *name = target->parameters[i].name;
		if (!is_word_of(name, names))
			return error_set(error, -EINVAL, "there is no parameter \"%.*s\" here; there are: %s", utf8_fit(name, 40),
			                 name, names[0] ? names : "none");
		if (target_value(target, name) != target->parameters[i].value)
			return error_set(error, -EINVAL, "the parameter \"%s\" is given twice", name);
	}
	return 0;
}

int target_number(const struct target *target, const char *name, long least, long most, long *value,
                  struct error *error)
{
	const char *text = target_value(target, name);
	if (!text)
		return 0;
	char *end;
	errno = 0;
	long number = strtol(text, &end, 10);
	if (end == text || *end || errno || text[0] == ' ' || text[0] == '+' || number < least || number > most)
		return error_set(error, -EINVAL, "%s is \"%.*s\", but must be a whole number from %ld to %ld", name,
		                 utf8_fit(text, 40), text, least, most);
	*value = number;
	return 0;
}
