/*
 * Video as bytes: fragmented MP4 to a client, live until it leaves, or a piece of the past. Each client has a cursor
 * and a writer of its own and is fed as its socket drains; one that is too slow for live video gets it from the next
 * key frame on, and never keeps anything in memory but one fragment. All on the control thread's loop.
 */
#ifndef PASTCAM_NET_VIDEO_STREAMS_H
#define PASTCAM_NET_VIDEO_STREAMS_H

#include "base/loop.h"
#include "capture/video.h"
#include "net/server.h"

struct video_streams;

/* packets and video outlive it. The loop must not run yet. */
struct video_streams *video_streams_create(struct loop *loop, struct server *server, struct video *video,
                                           struct packet_ring *packets, struct error *error);
/* When the loop has ended and the server is closed; NULL is fine. */
void video_streams_destroy(struct video_streams *streams);

/* The client becomes a stream. end_ns INT64_MAX: live, from the next key frame on; else the video from begin_ns to
 * end_ns (monotonic), which waits for what of it is still to come. -EBUSY, -ENOTSUP …: the client is not answered. */
int video_streams_add(struct video_streams *streams, server_ticket ticket, int64_t begin_ns, int64_t end_ns,
                      struct error *error);

#endif
