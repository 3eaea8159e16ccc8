#include "leases.h"

#include <string.h>

#include "camera/camera.h"

void camera_buffer_init(struct camera_buffer *buffer, void (*destroy)(struct camera_buffer *buffer))
{
	buffer->destroy = destroy;
	for (int i = 0; i < CAMERA_PLANES; i++)
		buffer->plane[i] = buffer->second_plane[i] = (struct camera_plane){ .fd = -1 };
	__atomic_store_n(&buffer->holders, 1, __ATOMIC_RELEASE);
}

void camera_buffer_hold(struct camera_buffer *buffer)
{
	__atomic_fetch_add(&buffer->holders, 1, __ATOMIC_RELAXED);
}

void camera_buffer_drop(struct camera_buffer *buffer)
{
	if (buffer && __atomic_sub_fetch(&buffer->holders, 1, __ATOMIC_ACQ_REL) == 0)
		buffer->destroy(buffer);
}

bool camera_buffer_is_free(const struct camera_buffer *buffer)
{
	return __atomic_load_n(&buffer->holders, __ATOMIC_ACQUIRE) == 1;
}

int leases_out(const struct camera_leases *leases)
{
	int count = 0;
	for (int i = 0; i < CAMERA_LEASES_MAX; i++)
		count += atomic_load_explicit(&leases->holders[i].out, memory_order_acquire);
	return count;
}

struct camera_lease *leases_take(struct camera_leases *leases, int most, const struct camera_frame *frame)
{
	struct lease_holder *holder = leases->holders;
	if (!frame->buffer || leases_out(leases) >= (most < CAMERA_LEASES_MAX ? most : CAMERA_LEASES_MAX))
		return NULL;
	while (atomic_load_explicit(&holder->out, memory_order_acquire))
		holder++;
	camera_buffer_hold(frame->buffer);
	holder->buffer = frame->buffer;
	holder->lease = (struct camera_lease){
		.image = frame->image,
		.second = frame->second,
		.timestamp_ns = frame->timestamp_ns,
		.exposure_end_ns = frame->exposure_end_ns,
		.sequence = frame->sequence,
		.holder = holder,
	};
	memcpy(holder->lease.plane, frame->buffer->plane, sizeof holder->lease.plane);
	memcpy(holder->lease.second_plane, frame->buffer->second_plane, sizeof holder->lease.second_plane);
	atomic_store_explicit(&holder->out, true, memory_order_release);
	return &holder->lease;
}

void camera_lease_release(struct camera_lease *lease)
{
	if (!lease)
		return;
	struct lease_holder *holder = lease->holder;
	camera_buffer_drop(holder->buffer);
	atomic_store_explicit(&holder->out, false, memory_order_release);
}
