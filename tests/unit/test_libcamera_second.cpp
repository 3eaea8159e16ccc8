/* A second stream asked of cameras like those that there are, in libcamera's own types. */
#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>

#include "camera/libcamera/libcamera_second.hpp"

extern "C" {
#include <cmocka.h>
}

namespace
{

using libcamera::Size;
using libcamera::StreamConfiguration;
namespace formats = libcamera::formats;

const Size large(1024, 768), small(256, 192);

/* A camera that does to what it is asked what a pipeline does. */
class Asked : public libcamera::CameraConfiguration
{
public:
	using Pipeline = std::function<Status(std::vector<StreamConfiguration> &)>;

	explicit Asked(unsigned streams, Pipeline does) : pipeline(std::move(does))
	{
		for (unsigned i = 0; i < streams; i++)
			addConfiguration(StreamConfiguration());
	}

	Status validate() override
	{
		return pipeline(config_);
	}

private:
	Pipeline pipeline;
};

StreamConfiguration agreed()
{
	StreamConfiguration first;

	first.pixelFormat = formats::BGR888;
	first.size = large;
	first.bufferCount = 6;
	return first;
}

std::string ask(Asked &both, Size size = small)
{
	return libcamera_ask_second(both, agreed(), ORIENTATION_NORMAL, size);
}

/* vc4 and pisp: both as asked, rows padded. */
libcamera::CameraConfiguration::Status raspberry(std::vector<StreamConfiguration> &streams)
{
	for (StreamConfiguration &stream : streams) {
		const unsigned bytes = stream.pixelFormat == formats::BGR888 ? 3 : 1;

		stream.stride = (stream.size.width * bytes + 127) / 128 * 128;
		stream.frameSize = stream.stride * stream.size.height * (bytes == 3 ? 2 : 3) / 2;
	}
	return libcamera::CameraConfiguration::Valid;
}

void test_a_camera_with_two_outputs_is_asked_for_both(void **)
{
	Asked both(2, raspberry);

	assert_string_equal(ask(both).c_str(), "");
	assert_true(both.at(0).pixelFormat == formats::BGR888 && both.at(0).size == large);
	assert_true(both.at(1).pixelFormat == formats::YUV420 && both.at(1).size == small);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(both.at(i).bufferCount, 6);
		assert_true(both.at(i).colorSpace == libcamera::ColorSpace::Sycc);
	}
	assert_int_equal(libcamera_second_format(both.at(1)), PIXEL_YUV420);
}

void test_padded_rows_are_read_by_their_stride(void **)
{
	Asked both(2, raspberry);

	assert_string_equal(ask(both, Size(324, 244)).c_str(), "");
	const LibcameraPictures second = libcamera_pictures(both.at(1), PIXEL_YUV420, false);
	assert_int_equal(second.layout.width, 324);
	assert_int_equal(second.layout.stride[0], 384);
	assert_int_equal(second.layout.stride[1], 192);
	assert_int_equal(second.planes.offset[1], 384 * 244);
	assert_int_equal(second.planes.offset[2], 384 * 244 + 192 * 122);
	assert_int_equal(second.planes.bytes, both.at(1).frameSize);
	assert_true(second.layout.full_range);
}

/* libcamera's virtual camera gives nothing else; its luma is the same. */
void test_nv12_is_taken(void **)
{
	Asked both(2, [](std::vector<StreamConfiguration> &streams) {
		streams[1].pixelFormat = formats::NV12;
		return Asked::Adjusted;
	});

	assert_string_equal(ask(both).c_str(), "");
	assert_int_equal(libcamera_second_format(both.at(1)), PIXEL_NV12);
}

void test_a_camera_with_one_stream_has_none(void **)
{
	Asked webcam(1, raspberry), cut(2, [](std::vector<StreamConfiguration> &streams) {
		streams.resize(1);
		return Asked::Adjusted;
	});

	assert_string_equal(ask(webcam).c_str(), "the camera has one stream only");
	assert_string_equal(ask(cut).c_str(), "the camera has one stream only");
}

void test_what_it_refuses_or_changes_is_told(void **)
{
	Asked refuses(2, [](std::vector<StreamConfiguration> &) { return Asked::Invalid; });
	Asked larger(2, [](std::vector<StreamConfiguration> &streams) {
		streams[1].size = Size(512, 384);
		return Asked::Adjusted;
	});
	Asked rgb(2, [](std::vector<StreamConfiguration> &streams) {
		streams[1].pixelFormat = formats::RGB888;
		return Asked::Adjusted;
	});

	assert_string_equal(ask(refuses).c_str(), "the camera refuses two streams of these sizes");
	assert_string_equal(ask(larger).c_str(), "the camera offers 512x384-YUV420 instead");
	assert_string_equal(ask(rgb).c_str(), "the camera offers 256x192-RGB888 instead");
}

/* Frames come first: they are not to be of another size or format for its sake. */
void test_the_first_stream_stays_as_it_was(void **)
{
	Asked smaller(2, [](std::vector<StreamConfiguration> &streams) {
		streams[0].size = Size(640, 480);
		return Asked::Adjusted;
	});
	Asked other(2, [](std::vector<StreamConfiguration> &streams) {
		streams[0].pixelFormat = formats::YUV420;
		return Asked::Adjusted;
	});

	assert_string_equal(ask(smaller).c_str(), "the camera would change its first stream to 640x480-BGR888");
	assert_string_equal(ask(other).c_str(), "the camera would change its first stream to 1024x768-YUV420");
}

} /* namespace */

int main()
{
	const CMUnitTest tests[] = {
		cmocka_unit_test(test_a_camera_with_two_outputs_is_asked_for_both),
		cmocka_unit_test(test_padded_rows_are_read_by_their_stride),
		cmocka_unit_test(test_nv12_is_taken),
		cmocka_unit_test(test_a_camera_with_one_stream_has_none),
		cmocka_unit_test(test_what_it_refuses_or_changes_is_told),
		cmocka_unit_test(test_the_first_stream_stays_as_it_was),
	};
	return cmocka_run_group_tests(tests, nullptr, nullptr);
}
