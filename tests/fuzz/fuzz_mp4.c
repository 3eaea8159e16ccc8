/* Unfinished videos, as recovery meets them after a power cut: whatever is there, what it says is whole lies within the
 * file, and finishing it makes one that is read back the same. */
#include "fuzz.h"

#include "../unit/mp4_rig.h"

static struct mp4_rig rig;

static int recover(struct mp4_recovered *recovered, struct mp4_writer **writer)
{
	struct error error = { 0 };
	const struct mp4_source source = mp4_rig_source(&rig);
	const struct mp4_sink sink = mp4_rig_sink(&rig);
	int result = mp4_recover(&source, &sink, recovered, writer, &error);
	FUZZ_CHECK(result == 0 || (error.code == result && error.text[0] && !*writer));
	return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct mp4_recovered recovered, again;
	struct mp4_writer *writer;
	if (bytes > MP4_RIG_BYTES / 2)
		return 0;
	memcpy(rig.data, data, bytes);
	rig.bytes = bytes;
	rig.limit = MP4_RIG_BYTES;
	if (recover(&recovered, &writer) < 0)
		return 0;
	FUZZ_CHECK(recovered.whole_bytes <= bytes && recovered.frames > 0);
	rig.bytes = recovered.whole_bytes;
	int result = mp4_finish(writer, 0);
	mp4_destroy(writer);
	if (result < 0)
		return 0;
	FUZZ_CHECK(recover(&again, &writer) == 0);
	FUZZ_CHECK(again.finished && again.frames == recovered.frames && again.whole_bytes == recovered.whole_bytes);
	mp4_destroy(writer);
	return 0;
}
