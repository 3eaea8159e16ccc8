#include "start_check.h"

#include <errno.h>
#include <unistd.h>

#include "camera/camera.h"
#include "compose.h"
#include "compose_motion.h"
#include "compose_seal.h"
#include "net/server.h"

int start_check_values(const struct config *config, struct error *error)
{
	int result = config_check(config, error);
	if (result == 0)
		result = compose_motion_check(config, error);
	return result == 0 ? compose_seal_check(config, error) : result;
}

int start_check(const struct config *config, struct error *error)
{
	const struct camera_params camera = compose_camera(config);
	const struct server_params server = compose_server(config, "");
	int result = start_check_values(config, error);
	if (result == 0)
		result = camera_check(&camera, error);
	if (result == 0)
		result = compose_daemon_motion_check(config, error);
	return result == 0 ? server_check(&server, error) : result;
}

int start_check_now(const struct config *config, struct error *error)
{
	const struct server_params server = compose_server(config, "");
	struct seal_recipients recipients;
	int result = compose_seal(config, &recipients, error);
	struct manifest manifest;
	if (result == 0 && config->seal.sign_key_file[0])
		result = compose_manifest(config, "", &manifest, error);
	return result == 0 ? server_check_files(&server, error) : result;
}

int start_check_later(const struct config *config, struct error *error)
{
	const struct camera_params camera = compose_camera(config);
	const struct log_params log = compose_log(config);
	if (camera.backend == CAMERA_REPLAY && access(camera.replay_path, R_OK | X_OK) < 0)
		return error_set_errno(error, -errno, "camera.replay.path: cannot read %s, which is waited for",
		                       camera.replay_path);
	return log_check(&log, error);
}
