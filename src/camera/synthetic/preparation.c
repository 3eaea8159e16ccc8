#include "preparation.h"

static void paint(void *data)
{
	struct preparation *preparation = data;
	scene_prepare(preparation->scene);
}

int preparation_start(struct preparation *preparation, struct scene *scene, struct synthetic_buffer *const *buffers,
                      size_t count, struct error *error)
{
	*preparation = (struct preparation){ .scene = scene, .buffers = buffers, .count = count };
	const int result = thread_start(&preparation->painter, "scene", THREAD_CONTROL, paint, preparation);
	return result < 0 ? error_set_errno(error, result, "cannot start to paint the synthetic camera's scene") : 0;
}

static void set_ready(struct synthetic_buffer *buffer)
{
	atomic_store(&buffer->ready, true);
}

static void draw_rest(void *data)
{
	struct preparation *preparation = data;
	for (size_t i = 1; i < preparation->count; i++) {
		synthetic_buffer_touch(preparation->buffers[i]);
		if (preparation->mean >= 0)
			scene_draw(preparation->scene, &preparation->buffers[i]->canvas, preparation->mean, 0);
		set_ready(preparation->buffers[i]);
	}
}

void preparation_await(struct preparation *preparation, double mean)
{
	if (!preparation->painter.running)
		return;
	thread_join(&preparation->painter);
	synthetic_buffer_touch(preparation->buffers[0]);
	set_ready(preparation->buffers[0]);
	preparation->mean = mean;
	if (thread_start(&preparation->helper, "buffers", THREAD_CONTROL, draw_rest, preparation) < 0)
		draw_rest(preparation);
}

void preparation_end(struct preparation *preparation)
{
	thread_join(&preparation->painter);
	thread_join(&preparation->helper);
}
