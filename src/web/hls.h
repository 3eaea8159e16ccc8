/*
 * GET /live.m3u8 and what it names: live video for players that speak HLS (RFC 8216, fragmented MP4). Segments of about
 * two seconds are cut from the daemon's `stream` at key frames, in memory, while somebody watches; nothing is written.
 */
#ifndef PASTCAM_WEB_HLS_H
#define PASTCAM_WEB_HLS_H

#include "request.h"

struct hls;

struct hls *hls_create(struct web *web, struct error *error);
void hls_destroy(struct hls *hls); /* after http_destroy; NULL is fine */

void hls_playlist(struct request *request); /* GET /live.m3u8 */
void hls_part(struct request *request);     /* GET /live/N.m4s, /live/N.mp4 */

#endif
