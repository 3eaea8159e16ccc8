/* For LD_PRELOAD: does to libcamera's camera what the first word of the file $SHIM_CAMERA says. "unplug": it tells that
 * it is disconnected, takes no more requests and is in no list any more; "refuse": it takes no requests; "hang": it
 * takes them and never completes one, and does not stop either; "no-start", "no-configure": that fails;
 * "no-second": it fails with two streams; "hang-second": with two it takes requests and completes none; "none": nothing. */
#include <cerrno>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include <dlfcn.h>
#include <libcamera/libcamera.h>

namespace
{

std::string wish()
{
	const char *path = getenv("SHIM_CAMERA");
	std::string word;
	if (path)
		std::ifstream(path) >> word;
	return word;
}

template <typename Function> Function next(const char *symbol)
{
	return reinterpret_cast<Function>(dlsym(RTLD_NEXT, symbol));
}

void hang()
{
	while (wish() == "hang")
		std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

} /* namespace */

namespace libcamera
{

int Camera::queueRequest(Request *request)
{
	const std::string now = wish();
	if (now == "unplug")
		disconnected.emit();
	if (now == "unplug")
		return -ENODEV;
	if (now == "refuse")
		return -EIO;
	if (now == "hang" || (now == "hang-second" && request->buffers().size() > 1))
		return 0;
	return next<int (*)(Camera *, Request *)>("_ZN9libcamera6Camera12queueRequestEPNS_7RequestE")(this, request);
}

int Camera::start(const ControlList *controls)
{
	if (wish() == "no-start")
		return -EPIPE;
	return next<int (*)(Camera *, const ControlList *)>("_ZN9libcamera6Camera5startEPKNS_11ControlListE")(this,
	                                                                                                      controls);
}

int Camera::stop()
{
	hang();
	return next<int (*)(Camera *)>("_ZN9libcamera6Camera4stopEv")(this);
}

int Camera::configure(CameraConfiguration *configuration)
{
	if (wish() == "no-configure" || (wish() == "no-second" && configuration->size() > 1))
		return -EINVAL;
	return next<int (*)(Camera *, CameraConfiguration *)>("_ZN9libcamera6Camera9configureEPNS_19CameraConfigurationE")(
	    this, configuration);
}

std::vector<std::shared_ptr<Camera>> CameraManager::cameras() const
{
	auto known = next<std::vector<std::shared_ptr<Camera>> (*)(const CameraManager *)>(
	    "_ZNK9libcamera13CameraManager7camerasEv")(this);
	return wish() == "unplug" ? std::vector<std::shared_ptr<Camera>>{} : known;
}

} /* namespace libcamera */
