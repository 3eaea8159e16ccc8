#include "names_given.h"

void names_given_init(struct names_given *given)
{
	pthread_mutex_init(&given->lock, NULL);
}

/* Frames are numbered one by one, so the last ones all have places of their own. */
static struct names_given_frame *place_of(struct names_given *given, uint64_t frame_id)
{
	return &given->frames[frame_id % NAMES_GIVEN_FRAMES];
}

unsigned names_given_next(struct names_given *given, uint64_t frame_id, unsigned formats)
{
	unsigned next = 1;
	pthread_mutex_lock(&given->lock);
	const struct names_given_frame *frame = place_of(given, frame_id);
	for (unsigned i = 0; frame->frame_id == frame_id && i < NAMES_GIVEN_FORMATS; i++)
		if ((formats & 1u << i) && frame->last[i] >= next)
			next = frame->last[i] + 1;
	pthread_mutex_unlock(&given->lock);
	return next;
}

void names_given_note(struct names_given *given, uint64_t frame_id, unsigned format, unsigned number)
{
	pthread_mutex_lock(&given->lock);
	struct names_given_frame *frame = place_of(given, frame_id);
	if (frame->frame_id != frame_id)
		*frame = (struct names_given_frame){ .frame_id = frame_id };
	for (unsigned i = 0; i < NAMES_GIVEN_FORMATS; i++)
		if ((format & 1u << i) && number > frame->last[i])
			frame->last[i] = number;
	pthread_mutex_unlock(&given->lock);
}
