/* `clip`, `stream` and video of the past. Private to src/net. */
#ifndef PASTCAM_NET_COMMANDS_CLIPS_H
#define PASTCAM_NET_COMMANDS_CLIPS_H

#include "net/commands.h"
#include "proto.h"

void command_clip(struct commands *commands, server_ticket ticket, const struct proto_words *words);
void command_stream(struct commands *commands, server_ticket ticket, const struct proto_words *words);

/* `get mp4 at=-SECONDS [for=SECONDS]`: is it this? */
bool command_get_is_video(const struct proto_words *words);
void command_get_video(struct commands *commands, server_ticket ticket, const struct proto_words *words);

/* What `trigger` does beside its event, where clip.on_trigger says so. */
void commands_clip_on_trigger(struct commands *commands, const char *label, int64_t at_ns);

#endif
