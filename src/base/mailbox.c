#include "base/mailbox.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/lock.h"

struct mailbox {
	int fd; /* eventfd */
	size_t capacity, message_bytes;

	pthread_mutex_t lock; /* guards the rest */
	size_t first, count;
	bool signalled; /* fd is readable */
	uint64_t refused;
	unsigned char messages[];
};

struct mailbox *mailbox_create(size_t capacity, size_t message_bytes, struct error *error)
{
	assert(capacity > 0 && message_bytes > 0);
	struct mailbox *mailbox = calloc(1, sizeof *mailbox + capacity * message_bytes);
	if (!mailbox) {
		error_set(error, -ENOMEM, "no memory for a mailbox of %zu messages", capacity);
		return NULL;
	}
	mailbox->capacity = capacity;
	mailbox->message_bytes = message_bytes;
	lock_init(&mailbox->lock);
	mailbox->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (mailbox->fd < 0) {
		error_set_errno(error, -errno, "cannot make the descriptor of a mailbox");
		mailbox_destroy(mailbox);
		return NULL;
	}
	return mailbox;
}

void mailbox_destroy(struct mailbox *mailbox)
{
	if (!mailbox)
		return;
	if (mailbox->fd >= 0)
		close(mailbox->fd);
	pthread_mutex_destroy(&mailbox->lock);
	free(mailbox);
}

static void *message_at(struct mailbox *mailbox, size_t index)
{
	return mailbox->messages + index % mailbox->capacity * mailbox->message_bytes;
}

/* Both with the lock held, so that the flag is never wrong: else an idle reader's loop would have to ask the descriptor
 * each time, or would be woken without end. */
static void wake(struct mailbox *mailbox)
{
	if (!mailbox->signalled)
		(void)!write(mailbox->fd, &(uint64_t){ 1 }, sizeof(uint64_t));
	mailbox->signalled = true;
}

static void quieten(struct mailbox *mailbox)
{
	uint64_t count;
	if (mailbox->signalled)
		(void)!read(mailbox->fd, &count, sizeof count);
	mailbox->signalled = false;
}

bool mailbox_put(struct mailbox *mailbox, const void *message)
{
	pthread_mutex_lock(&mailbox->lock);
	bool fits = mailbox->count < mailbox->capacity;
	if (fits)
		memcpy(message_at(mailbox, mailbox->first + mailbox->count++), message, mailbox->message_bytes);
	else
		mailbox->refused++;
	if (fits)
		wake(mailbox);
	pthread_mutex_unlock(&mailbox->lock);
	return fits;
}

bool mailbox_take(struct mailbox *mailbox, void *message)
{
	pthread_mutex_lock(&mailbox->lock);
	bool found = mailbox->count > 0;
	if (found) {
		memcpy(message, message_at(mailbox, mailbox->first), mailbox->message_bytes);
		mailbox->first = (mailbox->first + 1) % mailbox->capacity;
		mailbox->count--;
	} else {
		quieten(mailbox);
	}
	pthread_mutex_unlock(&mailbox->lock);
	return found;
}

int mailbox_fd(const struct mailbox *mailbox)
{
	return mailbox->fd;
}

void mailbox_wait(const struct mailbox *mailbox)
{
	struct pollfd entry = { .fd = mailbox->fd, .events = POLLIN };
	while (poll(&entry, 1, -1) < 0 && errno == EINTR)
		;
}

void mailbox_wake(struct mailbox *mailbox)
{
	pthread_mutex_lock(&mailbox->lock);
	wake(mailbox);
	pthread_mutex_unlock(&mailbox->lock);
}

uint64_t mailbox_refused(struct mailbox *mailbox)
{
	pthread_mutex_lock(&mailbox->lock);
	uint64_t refused = mailbox->refused;
	pthread_mutex_unlock(&mailbox->lock);
	return refused;
}
