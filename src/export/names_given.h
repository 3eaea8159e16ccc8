/*
 * Which file names this process has given, so that none comes twice even when its file was fetched and deleted
 * meanwhile: the folder alone does not know. Remembers the last NAMES_GIVEN_FRAMES frames of which there are pictures,
 * by far more than a client holds at once; beyond that only the folder counts. Any thread.
 */
#ifndef PASTCAM_EXPORT_NAMES_GIVEN_H
#define PASTCAM_EXPORT_NAMES_GIVEN_H

#include <pthread.h>
#include <stdint.h>

enum { NAMES_GIVEN_FRAMES = 4096, NAMES_GIVEN_FORMATS = 4 };

struct names_given {
	pthread_mutex_t lock;
	struct names_given_frame {
		uint64_t frame_id;
		uint32_t last[NAMES_GIVEN_FORMATS]; /* the highest number, by the format's bit; 0: none */
	} frames[NAMES_GIVEN_FRAMES];
};

void names_given_init(struct names_given *given); /* on memory of zeros */

/* The first number that may be free for all of these formats (a set of export_format); 1 and up. */
unsigned names_given_next(struct names_given *given, uint64_t frame_id, unsigned formats);

void names_given_note(struct names_given *given, uint64_t frame_id, unsigned format, unsigned number);

#endif
