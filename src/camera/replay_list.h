/*
 * The pictures of a folder, in natural order (2.jpg before 10.jpg), and which of them could not be read. What is known
 * of the bad ones outlives the list, so that a folder that is opened again does not tell of each of them again. One
 * thread; one list at a time.
 */
#ifndef PASTCAM_CAMERA_REPLAY_LIST_H
#define PASTCAM_CAMERA_REPLAY_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct replay_picture {
	char *name;
	bool bad;           /* left out until it changes */
	bool told;          /* that it is, since it changed last */
	int64_t changed_ns; /* when that was, as the file system says; 0: unknown */
	int64_t bytes;
};

struct replay_list {
	int folder; /* -1: closed */
	struct replay_picture *pictures;
	size_t count, bad, next;
	size_t look; /* where to look for a bad one that has changed */
};
#define REPLAY_LIST_NULL ((struct replay_list){ .folder = -1 })

/* -ENODEV for a folder that cannot be read or holds no pictures, now; list is closed then. */
int replay_list_open(struct replay_list *list, const char *path, struct error *error);
void replay_list_close(struct replay_list *list); /* REPLAY_LIST_NULL is fine */

/* The next picture that is not known to be bad, around and around; NULL when all are. */
struct replay_picture *replay_list_next(struct replay_list *list);

/* It could not be read. lasting: because of what it holds, so it is left out until it changes; else until it is looked
 * at again. True when that has not been told before. */
bool replay_list_leave_out(struct replay_list *list, struct replay_picture *picture, bool lasting);

/* Looks at one of the bad ones: if it has changed, its turn comes again. One system call. */
void replay_list_look_again(struct replay_list *list);

#endif
