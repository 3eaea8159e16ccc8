/*
 * The error convention, for every module.
 *
 * - A function that can fail returns int: 0 or a documented positive value when it worked, a negative
 *   errno value (-ENOSPC) when it did not. A function that makes something returns NULL instead.
 * - Where a person will read the reason, the last parameter is a struct error. Who fails explains, in one
 *   sentence that says what to do about it; who decides what happens next logs or replies. So base, image,
 *   store, camera, night and export never log: service, net and main do.
 * - Every create has a destroy that takes NULL and half-built objects.
 * - Misuse by the programmer (a null where the header forbids it) is an assert, never an error.
 */
#ifndef PASTCAM_BASE_ERROR_H
#define PASTCAM_BASE_ERROR_H

/* Exit codes of the process. */
enum {
	EXIT_STOPPED = 0,
	EXIT_CONFIG = 2,       /* what the configuration's text or the command line decides: restarting does not help */
	EXIT_MEMORY = 42,      /* over memory.max_rss_mb: restart me, with a smaller ring */
	EXIT_CAMERA_LOST = 43, /* the camera was there and stays away: a fresh process may help */
	EXIT_NOT_NOW = 44,     /* cannot start as things are, with a good configuration: restart me, that may pass */
};

struct error {
	int code; /* negative errno; 0 when nothing failed */
	char text[256];
};

/* Fills error (NULL is fine) and returns code, so that a caller can write `return error_set(error, -ENOENT, …)`.
 * code: negative errno. The text becomes valid UTF-8, whatever goes into it; shorten what may be long with utf8_fit. */
__attribute__((format(printf, 3, 4))) int error_set(struct error *error, int code, const char *format, ...);

/* The same, and appends ": " and the system's words for code. */
__attribute__((format(printf, 3, 4))) int error_set_errno(struct error *error, int code, const char *format, ...);

#endif
