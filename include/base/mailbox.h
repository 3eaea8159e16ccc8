/*
 * Messages of one size from any thread to one reader: a fixed number of them, copied in and copied out. Putting never
 * waits and never allocates; what finds the mailbox full is refused and counted. The reader is a loop that watches the
 * mailbox's descriptor, or a thread that waits in mailbox_wait.
 */
#ifndef PASTCAM_BASE_MAILBOX_H
#define PASTCAM_BASE_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct mailbox;

/* Holds capacity messages (1 and up) of message_bytes each. NULL without memory or descriptors. */
struct mailbox *mailbox_create(size_t capacity, size_t message_bytes, struct error *error);
void mailbox_destroy(struct mailbox *mailbox); /* with what is in it; NULL is fine */

/* Copies the message in. False: full, and counted. Any thread; waits for the copying of one message at most. */
bool mailbox_put(struct mailbox *mailbox, const void *message);

/* Copies the oldest message out and forgets it. False: there is none. Reader's thread. */
bool mailbox_take(struct mailbox *mailbox, void *message);

/* Readable (EPOLLIN) while there may be messages: take until there are none, which also quietens it. */
int mailbox_fd(const struct mailbox *mailbox);

/* Waits until there is a message or mailbox_wake was called. Reader's thread. */
void mailbox_wait(const struct mailbox *mailbox);
void mailbox_wake(struct mailbox *mailbox); /* any thread */

uint64_t mailbox_refused(struct mailbox *mailbox); /* messages that found it full; any thread */

#endif
