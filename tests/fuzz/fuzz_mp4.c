/* Unfinished videos, as recovery meets them after a power cut: whatever is there, what it says is whole lies within the
 * file, and finishing it makes one that is read back the same. And any videos, read packet by packet. */
#include "fuzz.h"

#include "../unit/mp4_rig.h"
#include "media/mp4_reader.h"

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

/* Packets that could be read; -1: not a video. */
static long read_all(void)
{
	struct error error = { 0 };
	const struct mp4_source source = mp4_rig_source(&rig);
	struct mp4_reader *reader = mp4_reader_open(&source, &error);
	struct packet packet;
	int64_t until_ns;
	long count = 0;
	int result;
	FUZZ_CHECK(reader || (error.code < 0 && error.text[0]));
	if (!reader)
		return -1;
	FUZZ_CHECK(mp4_reader_count(reader) > 0 && mp4_reader_format(reader)->width >= 0);
	while ((result = mp4_reader_next(reader, &packet, &until_ns, &error)) == 1) {
		size_t sum = 0;
		for (size_t i = 0; i < packet.bytes; i++)
			sum += packet.data[i];
		FUZZ_CHECK(sum <= packet.bytes * UINT8_MAX); /* all of it could be read */
		FUZZ_CHECK(until_ns >= packet.frame.timestamp_ns);
		count++;
	}
	FUZZ_CHECK(result == 0 ? (size_t)count == mp4_reader_count(reader) : error.code == result && error.text[0]);
	mp4_reader_close(reader);
	return count;
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
	read_all();
	if (recover(&recovered, &writer) < 0)
		return 0;
	FUZZ_CHECK(recovered.whole_bytes <= bytes && recovered.frames > 0);
	rig.bytes = recovered.whole_bytes;
	int result = mp4_finish(writer, 0);
	mp4_destroy(writer);
	if (result < 0)
		return 0;
	FUZZ_CHECK(read_all() == (long)recovered.frames);
	FUZZ_CHECK(recover(&again, &writer) == 0);
	FUZZ_CHECK(again.finished && again.frames == recovered.frames && again.whole_bytes == recovered.whole_bytes);
	mp4_destroy(writer);
	return 0;
}
