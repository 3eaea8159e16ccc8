/*
 * Sealed files: encrypted as they are written, in the age v1 format (https://age-encryption.org/v1), so that who has
 * the secret half of a key opens them with `age -d`, and this machine cannot. Each file has a key of its own, wrapped
 * for each recipient (X25519, HKDF-SHA256, ChaCha20-Poly1305); its bytes go out in chunks of SEAL_CHUNK_BYTES (STREAM
 * with ChaCha20-Poly1305), each of which is authenticated on its own, the last one marked as such. A file that was cut
 * off therefore opens up to its last whole chunk, and tells that it was cut off.
 *
 * What was written of a file is never written again: the same place of the stream with other bytes would give away
 * both.
 */
#ifndef PASTCAM_EXPORT_SEAL_H
#define PASTCAM_EXPORT_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
	SEAL_KEY_BYTES = 32,
	SEAL_RECIPIENTS_MAX = 16,
	SEAL_KEY_TEXT_BYTES = 80, /* room for either half of a pair as text */
	SEAL_CHUNK_BYTES = 64 * 1024,
};

/* Whom files are sealed for; none: files are not sealed. Does not change while files are written. */
struct seal_recipients {
	size_t count;
	uint8_t keys[SEAL_RECIPIENTS_MAX][SEAL_KEY_BYTES];
};

static inline bool seal_is_wanted(const struct seal_recipients *recipients) /* NULL is fine */
{
	return recipients && recipients->count > 0;
}

/* One more: "age1…". -EINVAL: that is no such key, with a reason that never has a secret key in it; -E2BIG: too many.
 */
int seal_add_key(struct seal_recipients *recipients, const char *key, struct error *error);

/* A word of the configuration, which is a key or the path of a file of them (a '/' is in it): a key a line, as for
 * `age -R`; empty lines and those that begin with '#' are passed over. -EINVAL as above, or there is no key in the
 * file; -errno when it cannot be read. seal_check_word looks at keys, but into no file. */
int seal_add_word(struct seal_recipients *recipients, const char *word, struct error *error);
int seal_check_word(const char *word, struct error *error);

/* A new pair as text: "age1…" and "AGE-SECRET-KEY-1…". -EIO: no random bytes. */
int seal_make_pair(char recipient[SEAL_KEY_TEXT_BYTES], char identity[SEAL_KEY_TEXT_BYTES]);
void seal_forget(void *secret, size_t bytes); /* overwrites it, whatever the compiler thinks of that */

/* Text of at most a chunk, sealed in memory: an age file in base64, for the caller to free. NULL: it is longer, or
 * there is no memory. Costs two multiplications on the curve a recipient. Any thread. */
char *seal_text(const struct seal_recipients *recipients, const char *text);

/* --- one file; one thread at a time --- */

struct seal;

/* Writes the head of a sealed file to fd, which stays the caller's. NULL: no memory, or the disk's error in *result. */
struct seal *seal_begin(const struct seal_recipients *recipients, int fd, int *result);

/* Takes bytes; whole chunks go out. 0 or -errno of the disk, after which only seal_cut or seal_end may follow. */
int seal_write(struct seal *seal, const void *data, size_t bytes);

/* The last chunk. 0 or -errno, as seal_write. Once. */
int seal_finish(struct seal *seal);

/* After an error of the disk: cuts the file to the chunks that are whole on it, one fewer where that makes room, and
 * ends it there, as a file that `age -d` opens. 0; -ENODATA: not even one is whole; -errno. */
int seal_cut(struct seal *seal);

/* Forgets the file's key. NULL is fine. */
void seal_end(struct seal *seal);

/* What seal_begin takes, bytes. */
size_t seal_scratch_bytes(void);

/* Of a sealed file that was left unfinished, the head bytes of which are in head: how many bytes of what it holds can
 * be opened, 0: none, or it is no sealed file. */
uint64_t seal_readable_bytes(const void *head, size_t head_bytes, uint64_t file_bytes);
enum { SEAL_HEAD_BYTES = 4096 }; /* at least as many as a head has */

#endif
