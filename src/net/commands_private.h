/* The handlers of the commands, by what they are about. Private to src/net. */
#ifndef PASTCAM_NET_COMMANDS_PRIVATE_H
#define PASTCAM_NET_COMMANDS_PRIVATE_H

#include "net/commands.h"
#include "proto.h"

typedef void command_handler(struct commands *commands, server_ticket ticket, const struct proto_words *words);

command_handler command_save, command_past, command_past_stack, command_get; /* commands_pictures.c */
command_handler command_pin, command_keep, command_drop;                     /* commands_pins.c */
command_handler command_timeline, command_trigger;                           /* commands_past.c */
command_handler command_motion_level, command_motion;                        /* commands_motion.c */
command_handler command_live, command_events, command_log;                   /* live.c, stream_….c */

void commands_reply(struct commands *commands, server_ticket ticket, const char *text);

/* What a refusal is called: BUSY and NO_FRAMES for these codes, else word, such as "NOT_SAVED"; then the reason. */
void commands_refuse(struct commands *commands, server_ticket ticket, const char *word, const struct error *error);

/* The moment of at=, or back_ns before now. */
int64_t commands_moment_ns(const struct proto_arguments *arguments, int64_t back_ns);

int live_create(struct commands *commands, struct error *error);
void live_stop(struct live *live);    /* NULL is fine */
void live_destroy(struct live *live); /* NULL is fine */

int pins_timer_create(struct commands *commands, struct error *error);

struct line_source;

/* NULL: -ENOMEM, -errno in error. */
struct line_streams *line_streams_create(struct commands *commands, const struct line_source *source,
                                         struct error *error);
void line_streams_destroy(struct line_streams *streams); /* NULL is fine */
/* The client becomes a stream, or is refused. words: the command, and since=. */
void line_streams_begin(struct line_streams *streams, server_ticket ticket, const struct proto_words *words);

#endif
