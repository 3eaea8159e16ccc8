/* The head of an age file, and the key of what follows it. Private to the sealing files and their tests. */
#ifndef PASTCAM_EXPORT_SEAL_HEAD_H
#define PASTCAM_EXPORT_SEAL_HEAD_H

#include "export/seal.h"

enum { SEAL_FILE_KEY_BYTES = 16, SEAL_NONCE_BYTES = 16 };

/* What is drawn for each file, and forgotten with its head. */
struct seal_secrets {
	uint8_t ephemeral[SEAL_RECIPIENTS_MAX][SEAL_KEY_BYTES];
	uint8_t nonce[SEAL_NONCE_BYTES];
	uint8_t file_key[SEAL_FILE_KEY_BYTES];
};

void seal_draw(struct seal_secrets *secrets);

/* Text and nonce into head; *bytes of it. payload_key: of the chunks. -EINVAL: a recipient that no secret is shared
 * with, which seal_add_key has refused. */
int seal_make_head(const struct seal_recipients *recipients, const struct seal_secrets *secrets,
                   uint8_t head[SEAL_HEAD_BYTES], size_t *bytes, uint8_t payload_key[SEAL_KEY_BYTES]);

/* HKDF-SHA256 (RFC 5869) of 32 bytes. */
void seal_derive(const uint8_t *secret, size_t secret_bytes, const uint8_t *salt, size_t salt_bytes, const char *info,
                 uint8_t key[SEAL_KEY_BYTES]);

#endif
