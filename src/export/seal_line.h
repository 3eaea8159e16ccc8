/* Lines of a manifest. Private to the sealing files. */
#ifndef PASTCAM_EXPORT_SEAL_LINE_H
#define PASTCAM_EXPORT_SEAL_LINE_H

#include "base/fsio.h"
#include "export/manifest.h"

#define SEAL_MANIFEST "manifest.jsonl"
#define SEAL_SIGNATURE ",\"signature\":\""

enum { SEAL_HASH_BYTES = 32, SEAL_HASH_TEXT_BYTES = 2 * SEAL_HASH_BYTES + 1, SEAL_LINE_BYTES = 1024 };

/* SHA-256 as hexadecimal digits: of bytes, and of all that is in an open file, whose size it tells. */
void seal_hash(const void *bytes, size_t count, char text[SEAL_HASH_TEXT_BYTES]);
int seal_hash_file(int folder, const char *name, char text[SEAL_HASH_TEXT_BYTES], int64_t *bytes);

#endif
