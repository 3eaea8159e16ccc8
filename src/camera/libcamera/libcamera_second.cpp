#include "libcamera_second.hpp"

#include "libcamera_settings.hpp"

#include <algorithm>

namespace
{

enum colour_matrix matrix_of(const std::optional<libcamera::ColorSpace> &space)
{
	using Encoding = libcamera::ColorSpace::YcbcrEncoding;

	if (space && (space->ycbcrEncoding == Encoding::Rec709 || space->ycbcrEncoding == Encoding::Rec2020))
		return COLOUR_BT709;
	return COLOUR_BT601;
}

bool is_same(const libcamera::StreamConfiguration &one, const libcamera::StreamConfiguration &other)
{
	return one.pixelFormat == other.pixelFormat && one.size == other.size;
}

bool is_readable(const libcamera::PixelFormat &format)
{
	return format == libcamera::formats::YUV420 || format == libcamera::formats::NV12;
}

} /* namespace */

LibcameraPictures libcamera_pictures(const libcamera::StreamConfiguration &stream, pixel_format format, bool mjpeg)
{
	LibcameraPictures pictures;
	image &layout = pictures.layout;

	pictures.planes = plane_layout_of(format, stream.stride, mjpeg ? 0 : stream.size.height, stream.frameSize);
	layout.format = format;
	layout.width = static_cast<int>(stream.size.width);
	layout.height = static_cast<int>(stream.size.height);
	layout.matrix = matrix_of(stream.colorSpace);
	layout.full_range = stream.colorSpace && stream.colorSpace->range == libcamera::ColorSpace::Range::Full;
	std::copy_n(pictures.planes.stride, pictures.planes.count, layout.stride);
	if (mjpeg)
		layout.stride[0] = static_cast<size_t>(layout.width) * FRAME_CHANNELS;
	return pictures;
}

std::string libcamera_ask_second(libcamera::CameraConfiguration &both, const libcamera::StreamConfiguration &first,
                                 orientation turned, libcamera::Size size)
{
	using libcamera::CameraConfiguration;

	if (both.size() < 2)
		return "the camera has one stream only";
	for (unsigned i = 0; i < 2; i++) {
		both.at(i).pixelFormat = i == 0 ? first.pixelFormat : libcamera::formats::YUV420;
		both.at(i).size = i == 0 ? first.size : size;
		both.at(i).stride = 0;
		both.at(i).colorSpace = libcamera::ColorSpace::Sycc;
		both.at(i).bufferCount = first.bufferCount;
	}
	libcamera_orient(both, turned);
	if (both.validate() == CameraConfiguration::Invalid)
		return "the camera refuses two streams of these sizes";
	if (both.size() < 2)
		return "the camera has one stream only";
	const libcamera::StreamConfiguration &second = both.at(1);
	if (!is_same(both.at(0), first))
		return "the camera would change its first stream to " + both.at(0).toString();
	if (second.size != size || !is_readable(second.pixelFormat))
		return "the camera offers " + second.toString() + " instead";
	return "";
}

pixel_format libcamera_second_format(const libcamera::StreamConfiguration &second)
{
	return second.pixelFormat == libcamera::formats::NV12 ? PIXEL_NV12 : PIXEL_YUV420;
}
