#include <errno.h>
#include <string.h>

#include "media/stack.h"

static const char *const names[] = { [STACK_MEAN] = "mean", [STACK_MEDIAN] = "median", [STACK_MAX] = "max" };
enum { NAME_COUNT = sizeof names / sizeof names[0] };

const char *stack_mode_name(enum stack_mode mode)
{
	return names[mode];
}

int stack_mode_of(const char *name, enum stack_mode *mode)
{
	for (int i = 0; i < NAME_COUNT; i++) {
		if (strcmp(name, names[i]) == 0) {
			*mode = (enum stack_mode)i;
			return 0;
		}
	}
	return -EINVAL;
}
