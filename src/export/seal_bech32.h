/* Bech32 (BIP 173) without its limit of 90 characters: how age writes keys. Pure. Private to the sealing files. */
#ifndef PASTCAM_EXPORT_SEAL_BECH32_H
#define PASTCAM_EXPORT_SEAL_BECH32_H

#include <stddef.h>
#include <stdint.h>

enum { BECH32_PREFIX_BYTES = 32 };

/* Decodes text, all in lower case, into its prefix and exactly `bytes` bytes. 0; -EINVAL: not bech32, or a typing
 * mistake; -EMSGSIZE: it holds another number of bytes. */
int bech32_decode(const char *text, char prefix[BECH32_PREFIX_BYTES], uint8_t *data, size_t bytes);

/* Text, in lower case, of at most room bytes with its end. -EMSGSIZE: no room. */
int bech32_encode(const char *prefix, const uint8_t *data, size_t bytes, char *text, size_t room);

/* Secret keys are written in upper case. */
void bech32_to_upper(char *text);
void bech32_to_lower(char *text);

#endif
