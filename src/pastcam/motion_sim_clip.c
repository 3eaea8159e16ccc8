#include "motion_sim_clip.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "encode/decoder.h"
#include "media/mp4_reader.h"

struct clip_player {
	const char *path;
	int fd;
	struct mp4_source source;
	struct mp4_reader *reader;
	struct decoder *decoder;
	struct decoded picture;
	size_t shown;
};

static int read_exactly(void *data, uint64_t offset, void *bytes, size_t count)
{
	const struct clip_player *player = data;
	for (char *at = bytes; count > 0;) {
		ssize_t result = pread(player->fd, at, count, (off_t)offset);
		if (result < 0 && errno == EINTR)
			continue;
		if (result <= 0)
			return result < 0 ? -errno : -ENODATA;
		at += result;
		offset += (uint64_t)result;
		count -= (size_t)result;
	}
	return 0;
}

static int open_file(struct clip_player *player, struct error *error)
{
	struct stat about;
	player->fd = open(player->path, O_RDONLY | O_CLOEXEC);
	if (player->fd < 0 || fstat(player->fd, &about) < 0)
		return error_set_errno(error, -errno, "cannot read %s", player->path);
	player->source = (struct mp4_source){ read_exactly, (uint64_t)about.st_size, player };
	struct error why = { 0 };
	player->reader = mp4_reader_open(&player->source, &why);
	return player->reader ? 0 : error_set(error, why.code, "%s cannot be played: %s", player->path, why.text);
}

static int open_decoder(struct clip_player *player, struct error *error)
{
	const struct video_format *format = mp4_reader_format(player->reader);
	const size_t pixels = (size_t)format->width * (size_t)format->height;
	if (pixels == 0 || pixels > DECODE_PIXELS_MAX)
		return error_set(error, -EINVAL, "%s says that it has %dx%d pixels", player->path, format->width,
		                 format->height);
	player->decoder = decoder_open(format, error);
	if (!player->decoder)
		return error->code;
	player->picture =
	    (struct decoded){ .rgb = malloc(pixels * FRAME_CHANNELS), .width = format->width, .height = format->height };
	return player->picture.rgb ? 0 : error_set(error, -ENOMEM, "no memory to decode %s", player->path);
}

/* A frame before the beginning is decoded, since others need it, and not shown. */
static int play_packet(struct clip_player *player, const struct packet *packet, int64_t until_ns, motion_sim_take *take,
                       void *data, struct error *error)
{
	struct error why = { 0 };
	const struct motion_sim_frame frame = {
		.number = (size_t)packet->frame.id,
		.begin_s = packet->frame.timestamp_ns > 0 ? (double)packet->frame.timestamp_ns / 1e9 : 0,
		.end_s = (double)until_ns / 1e9,
	};
	int result = decoder_add(player->decoder, packet, &why);
	if (result == 0 && until_ns <= 0)
		return 0;
	if (result == 0)
		result = decoder_picture(player->decoder, player->picture.rgb, &why);
	if (result < 0)
		return error_set(error, result, "frame %zu of %s cannot be decoded: %s", frame.number, player->path, why.text);
	player->shown++;
	return take(data, &player->picture, &frame, error);
}

static int play(struct clip_player *player, motion_sim_take *take, void *data, struct error *error)
{
	struct packet packet;
	int64_t until_ns;
	int result = open_file(player, error);
	if (result == 0)
		result = open_decoder(player, error);
	while (result == 0) {
		struct error why = { 0 };
		int more = mp4_reader_next(player->reader, &packet, &until_ns, &why);
		if (more < 0)
			return error_set(error, more, "%s cannot be played to its end: %s", player->path, why.text);
		if (more == 0)
			return player->shown > 0 ? 0 : error_set(error, -EINVAL, "%s shows no picture", player->path);
		result = play_packet(player, &packet, until_ns, take, data, error);
	}
	return result;
}

int motion_sim_clip(const char *path, motion_sim_take *take, void *data, struct error *error)
{
	struct clip_player player = { .path = path, .fd = -1 };
	int result = play(&player, take, data, error);
	free(player.picture.rgb);
	decoder_close(player.decoder);
	mp4_reader_close(player.reader);
	if (player.fd >= 0)
		close(player.fd);
	return result;
}
