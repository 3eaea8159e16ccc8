#include "faults.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

static const char *const KIND_NAMES[FAULT_KINDS] = {
	[FAULT_STALL] = "stall",     [FAULT_ERROR] = "error", [FAULT_VANISH] = "vanish", [FAULT_SLOW] = "slow",
	[FAULT_GARBAGE] = "garbage", [FAULT_BLACK] = "black", [FAULT_WHITE] = "white",
};

static const double SECONDS_MAX = 1e9;

static bool parse_kind(const char **text, enum fault_kind *kind)
{
	for (int i = 0; i < FAULT_KINDS; i++) {
		size_t length = strlen(KIND_NAMES[i]);
		if (strncmp(*text, KIND_NAMES[i], length) == 0 && (*text)[length] == '@') {
			*text += length;
			*kind = (enum fault_kind)i;
			return true;
		}
	}
	return false;
}

/* A mark and a number from 0 up. */
static bool parse_seconds(const char **text, char mark, double *seconds)
{
	if (**text != mark)
		return false;
	const char *start = *text + 1;
	size_t length = strspn(start, "0123456789.");
	char *end;
	*seconds = strtod(start, &end);
	*text = end;
	return length > 0 && end == start + length && *seconds <= SECONDS_MAX;
}

static bool parse_fault(const char **text, struct fault *fault)
{
	*fault = (struct fault){ 0 };
	if (!parse_kind(text, &fault->kind) || !parse_seconds(text, '@', &fault->start_s))
		return false;
	if (**text == '+' && (!parse_seconds(text, '+', &fault->length_s) || fault->length_s <= 0))
		return false;
	if (**text == '/' && (!parse_seconds(text, '/', &fault->period_s) || fault->period_s <= fault->length_s))
		return false;
	return **text == ',' || **text == '\0';
}

int faults_parse(const char *text, struct fault_plan *plan, struct error *error)
{
	*plan = (struct fault_plan){ 0 };
	if (*text == '\0')
		return 0;
	for (const char *at = text;; at++) {
		const char *start = at;
		if (plan->count == FAULTS_MAX)
			return error_set(error, -EINVAL, "too many camera faults, at most %d", FAULTS_MAX);
		if (!parse_fault(&at, &plan->faults[plan->count++])) {
			size_t length = strcspn(start, ",");
			return error_set(error, -EINVAL,
			                 "camera fault \"%.*s\" is not kind@start[+length][/period] with a kind of stall, error, "
			                 "vanish, slow, garbage, black, white and a period longer than the length",
			                 utf8_fit(start, (int)(length < 60 ? length : 60)), start);
		}
		if (*at == '\0')
			return 0;
	}
}

/* Which time the fault is on, from 1; 0 when it is not. */
static int64_t occurrence(const struct fault *fault, double at_s)
{
	double since_s = at_s - fault->start_s;
	if (since_s < 0)
		return 0;
	double turn = fault->period_s > 0 ? floor(since_s / fault->period_s) : 0;
	int64_t number = (int64_t)turn + 1;
	if (fault->length_s > 0)
		return since_s - turn * fault->period_s < fault->length_s ? number : 0;
	return number > fault->healed ? number : 0;
}

bool faults_active(const struct fault_plan *plan, enum fault_kind kind, double at_s)
{
	for (int i = 0; i < plan->count; i++) {
		if (plan->faults[i].kind == kind && occurrence(&plan->faults[i], at_s) > 0)
			return true;
	}
	return false;
}

void faults_heal(struct fault_plan *plan, enum fault_kind kind, double at_s)
{
	for (int i = 0; i < plan->count; i++) {
		struct fault *fault = &plan->faults[i];
		if (fault->kind == kind && fault->length_s <= 0 && occurrence(fault, at_s) > 0)
			fault->healed = occurrence(fault, at_s);
	}
}
