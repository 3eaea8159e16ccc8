#include "story.h"

#include <errno.h>
#include <string.h>

#include "clock.h"

static struct story the_story;

static int begin(struct story *story, const char *faults, struct error *error)
{
	if (strlen(faults) >= sizeof story->text)
		return error_set(error, -EINVAL, "the camera faults take more than %zu characters", sizeof story->text - 1);
	struct fault_plan plan;
	int result = faults_parse(faults, &plan, error);
	if (result < 0)
		return result;
	strcpy(story->text, faults);
	story->plan = plan;
	story->begun = true;
	story->begun_ns = clock_now_ns();
	return 0;
}

struct story *story_open(const char *faults, int *result, struct error *error)
{
	bool same = the_story.begun && strcmp(the_story.text, faults) == 0;
	*result = same ? 0 : begin(&the_story, faults, error);
	return &the_story;
}

double story_seconds(const struct story *story, int64_t at_ns)
{
	return (double)(at_ns - story->begun_ns) / (double)CLOCK_NS_PER_S;
}

bool story_has(const struct story *story, enum fault_kind kind)
{
	return faults_active(&story->plan, kind, story_seconds(story, clock_now_ns()));
}

void story_heal(struct story *story, enum fault_kind kind)
{
	faults_heal(&story->plan, kind, story_seconds(story, clock_now_ns()));
}

bool story_spoils_frame(struct story *story, enum fault_kind kind)
{
	bool spoils = story_has(story, kind);
	if (spoils)
		story_heal(story, kind);
	return spoils;
}
