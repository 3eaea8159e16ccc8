/* Which kinds of camera there are. */
#include <errno.h>
#include <stddef.h>

#include "base/clock.h"
#include "camera_backend.h"

#ifndef PASTCAM_WITH_LIBCAMERA
const struct camera_backend *const camera_backend_libcamera = NULL;
#endif

static const struct camera_backend *backend_of(const struct camera_params *params, struct error *error)
{
	const struct camera_backend *const backends[] = {
		[CAMERA_LIBCAMERA] = camera_backend_libcamera,
		[CAMERA_REPLAY] = &camera_backend_replay,
		[CAMERA_SYNTHETIC] = &camera_backend_synthetic,
	};
	const struct camera_backend *backend = backends[params->backend];

	if (!backend)
		error_set(error, -EINVAL,
		          "this pastcam was built without libcamera: install libcamera-dev and build it again, or set "
		          "camera.backend to replay or synthetic");
	return backend;
}

int camera_check(const struct camera_params *params, struct error *error)
{
	const struct camera_backend *backend = backend_of(params, error);

	if (!backend)
		return -EINVAL;
	return backend->check ? backend->check(params, error) : 0;
}

struct camera *camera_create(const struct camera_params *params, const struct camera_mode *mode, struct error *error)
{
	const struct camera_backend *backend = backend_of(params, error);

	if (!backend || (backend->check && backend->check(params, error) < 0))
		return NULL;
	return camera_create_on(backend, clock_awake_ns, params, mode, error);
}

const char *camera_state_text(enum camera_state state)
{
	switch (state) {
	case CAMERA_ABSENT:
		return "absent";
	case CAMERA_RUNNING:
		return "running";
	case CAMERA_RECOVERING:
		return "recovering";
	}
	return "unknown";
}
