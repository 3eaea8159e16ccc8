#include "net/video_streams.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "media/mp4.h"

enum { STREAMS_MAX = 16, TICK_NS = CLOCK_NS_PER_S / 5 };
static const int64_t BEHIND_MAX_NS = 3 * CLOCK_NS_PER_S; /* of live video */
static const int64_t LATE_NS = 5 * CLOCK_NS_PER_S;       /* how long after its end a piece waits for frames */

struct video_stream {
	struct video_streams *streams; /* NULL: unused */
	server_ticket ticket;
	struct packet_cursor cursor;
	struct mp4_writer *writer; /* NULL: nothing sent yet */
	struct video_format format;
	struct chunk *chunk; /* what the writer has put out and the client does not have */
	uint8_t *buffer;
	size_t buffer_bytes;
	int64_t begin_ns, end_ns, last_ns;
	bool live, closing;
};

struct video_streams {
	struct loop *loop;
	struct server *server;
	struct video *video;
	struct packet_ring *packets;
	int packet_fd; /* eventfd: a packet was put */
	struct loop_watch *packet_watch, *timer;
	struct video_stream streams[STREAMS_MAX];
	size_t count;
};

static int keep_bytes(void *data, const void *bytes, size_t count)
{
	struct video_stream *stream = data;
	if (stream->chunk)
		return chunk_append(&stream->chunk, bytes, count);
	stream->chunk = chunk_of(bytes, count);
	return stream->chunk ? 0 : -ENOMEM;
}

static void watch_packets(struct video_streams *streams)
{
	packet_ring_tell(streams->packets, streams->count > 0 ? streams->packet_fd : -1);
	loop_set_timer(streams->timer, streams->count > 0 ? TICK_NS : 0, TICK_NS);
}

/* The server says that the client has gone, or is done. */
static void end_stream(void *data)
{
	struct video_stream *stream = data;
	struct video_streams *streams = stream->streams;
	video_close(streams->video, &stream->cursor);
	mp4_destroy(stream->writer);
	chunk_release(stream->chunk);
	free(stream->buffer);
	*stream = (struct video_stream){ 0 };
	streams->count--;
	watch_packets(streams);
}

/* text: the answer where nothing was sent yet. */
static void finish(struct video_stream *stream, const char *text)
{
	stream->closing = true;
	server_stream_finish(stream->streams->server, stream->ticket, stream->writer ? NULL : text);
}

static void finish_piece(struct video_stream *stream)
{
	char text[96];
	const double back_s =
	    (double)(clock_now_ns() - video_oldest_ns(stream->streams->video)) / (double)CLOCK_NS_PER_S;
	snprintf(text, sizeof text, "NO_FRAMES: nothing of that piece is kept; the past reaches back %.1f s", back_s);
	finish(stream, text);
}

/* False: the client is gone, and so is the stream. */
static bool send_chunk(struct video_stream *stream)
{
	struct chunk *chunk = stream->chunk;
	stream->chunk = NULL;
	return !chunk || server_stream_send(stream->streams->server, stream->ticket, chunk) >= 0;
}

static int open_writer(struct video_stream *stream, const struct packet *packet, const struct video_format *format)
{
	struct error error = { 0 };
	const struct mp4_params params = { .format = *format,
		                               .created_wall_ns = clock_wall_of(packet->frame.timestamp_ns),
		                               .begin_ns = stream->live ? 0 : stream->begin_ns,
		                               .tool = "pastcam " PASTCAM_VERSION,
		                               .sink = { .write = keep_bytes, .data = stream } };
	stream->format = *format;
	stream->writer = mp4_create(&params, &error);
	return stream->writer ? 0 : -ENOMEM;
}

static int add_packet(struct video_stream *stream, struct packet *packet, const struct video_format *format)
{
	if (packet->bytes > stream->buffer_bytes) {
		uint8_t *grown = realloc(stream->buffer, packet->bytes * 2);
		if (!grown)
			return -ENOMEM;
		stream->buffer = grown;
		stream->buffer_bytes = packet->bytes * 2;
	}
	packet_ring_copy(&stream->cursor, stream->buffer);
	packet->data = stream->buffer;
	int result = stream->writer ? 0 : open_writer(stream, packet, format);
	if (result == 0)
		result = mp4_add(stream->writer, packet);
	stream->last_ns = packet->frame.timestamp_ns;
	return result;
}

/* Live video begins with the first key frame after it was asked for. */
static bool is_before_the_beginning(const struct video_stream *stream, const struct packet *packet)
{
	return !stream->writer && (!packet->key || (stream->live && packet->frame.timestamp_ns < stream->begin_ns));
}

/* Sends as much as the client takes now. */
static void feed(struct video_stream *stream)
{
	struct video_streams *streams = stream->streams;
	struct packet packet;
	const struct video_format *format;
	while (!stream->closing && server_stream_is_idle(streams->server, stream->ticket)) {
		int result = packet_ring_next(&stream->cursor, &packet, &format);
		if (result == 0)
			break;
		if (result < 0 || is_before_the_beginning(stream, &packet))
			continue;
		bool over = packet.frame.timestamp_ns > stream->end_ns;
		bool changed = stream->writer && !video_format_equal(&stream->format, format);
		if (over || changed) {
			if (stream->writer && mp4_finish(stream->writer, over ? packet.frame.timestamp_ns : 0) == 0 &&
			    !send_chunk(stream))
				return;
			finish_piece(stream);
			return;
		}
		if (add_packet(stream, &packet, format) < 0) {
			finish(stream, "NOT_SENT no memory for video");
			return;
		}
		if (stream->chunk && !send_chunk(stream))
			return;
	}
}

/* Live video that is behind goes on at the next key frame. */
static void skip_if_behind(struct video_stream *stream, int64_t now_ns)
{
	struct video_streams *streams = stream->streams;
	if (!stream->live || !stream->writer || now_ns - stream->last_ns < BEHIND_MAX_NS ||
	    !server_stream_is_idle(streams->server, stream->ticket))
		return;
	packet_ring_skip(&stream->cursor);
	video_want_key(streams->video);
}

/* A piece of the past whose end has passed, and for which nothing comes any more. */
static void end_if_late(struct video_stream *stream, int64_t now_ns)
{
	if (stream->closing || stream->live || now_ns < stream->end_ns + LATE_NS ||
	    video_done_ns(stream->streams->video) < stream->end_ns)
		return;
	if (!server_stream_is_idle(stream->streams->server, stream->ticket))
		return;
	if (stream->writer && mp4_finish(stream->writer, 0) == 0 && !send_chunk(stream))
		return;
	finish_piece(stream);
}

static void on_ready(void *data)
{
	feed(data);
}

static void on_packet(void *data, uint32_t events)
{
	struct video_streams *streams = data;
	eventfd_t count;
	(void)events;
	eventfd_read(streams->packet_fd, &count);
	for (size_t i = 0; i < STREAMS_MAX; i++)
		if (streams->streams[i].streams)
			feed(&streams->streams[i]);
}

static void on_tick(void *data, uint32_t events)
{
	struct video_streams *streams = data;
	int64_t now_ns = clock_now_ns();
	(void)events;
	for (size_t i = 0; i < STREAMS_MAX; i++) {
		struct video_stream *stream = &streams->streams[i];
		if (stream->streams)
			skip_if_behind(stream, now_ns);
		if (stream->streams)
			end_if_late(stream, now_ns);
	}
}

int video_streams_add(struct video_streams *streams, server_ticket ticket, int64_t begin_ns, int64_t end_ns,
                      struct error *error)
{
	static const struct server_stream kind = { .ready = on_ready, .end = end_stream };
	struct video_stream *stream = NULL;
	for (size_t i = 0; i < STREAMS_MAX && !stream; i++)
		if (!streams->streams[i].streams)
			stream = &streams->streams[i];
	if (!stream)
		return error_set(error, -EBUSY, "too many streams: ask again");
	*stream =
	    (struct video_stream){ .ticket = ticket, .begin_ns = begin_ns, .end_ns = end_ns, .live = end_ns == INT64_MAX };
	int result = video_open(streams->video, &stream->cursor, begin_ns, !stream->live, error);
	if (result < 0)
		return result;
	result = server_stream_begin(streams->server, ticket, &kind, stream);
	if (result < 0) {
		video_close(streams->video, &stream->cursor);
		return error_set(error, result, "too many streams: ask again");
	}
	stream->streams = streams;
	streams->count++;
	if (stream->live)
		video_want_key(streams->video);
	watch_packets(streams);
	feed(stream);
	return 0;
}

struct video_streams *video_streams_create(struct loop *loop, struct server *server, struct video *video,
                                           struct packet_ring *packets, struct error *error)
{
	struct video_streams *streams = calloc(1, sizeof *streams);
	if (streams) {
		*streams = (struct video_streams){ .loop = loop, .server = server, .video = video, .packets = packets };
		streams->packet_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		streams->timer = loop_add_timer(loop, on_tick, streams);
	}
	if (streams && streams->packet_fd >= 0 && streams->timer)
		streams->packet_watch = loop_add(loop, streams->packet_fd, EPOLLIN, on_packet, streams);
	if (streams && streams->packet_watch)
		return streams;
	video_streams_destroy(streams);
	error_set(error, -ENOMEM, "no memory for streams of video");
	return NULL;
}

void video_streams_destroy(struct video_streams *streams)
{
	if (!streams)
		return;
	packet_ring_tell(streams->packets, -1);
	loop_remove(streams->packet_watch);
	loop_remove(streams->timer);
	if (streams->packet_fd >= 0)
		close(streams->packet_fd);
	free(streams);
}
