/* SHA-256 and HMAC-SHA256 (FIPS 180-4, RFC 2104) by OpenSSL's libcrypto, which libmosquitto brings along. Any thread.
 */
#ifndef PASTCAM_HUB_SHA256_H
#define PASTCAM_HUB_SHA256_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { SHA256_HEX_BYTES = 65 };

/* Of a whole file, which must not change meanwhile; its size comes along. -ECANCELED when *stop becomes true. */
int sha256_file(const char *path, char hex[SHA256_HEX_BYTES], long long *bytes, const atomic_bool *stop);

/* The MD5 of a file, in 32 digits: what object stores call an ETag, and no safety against anybody. As sha256_file. */
int md5_file(const char *path, char hex[SHA256_HEX_BYTES], const atomic_bool *stop);

/* The 32 bytes of a sum in base64: 44 characters. */
void sha256_to_base64(const char hex[SHA256_HEX_BYTES], char *text, size_t bytes);

/* -EIO when libcrypto refuses. */
int sha256_hmac(const void *key, size_t key_bytes, const void *data, size_t bytes, char hex[SHA256_HEX_BYTES]);
int sha256_bytes(const void *data, size_t bytes, char hex[SHA256_HEX_BYTES]);

#endif
