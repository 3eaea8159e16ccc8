/* Names of sealed files: NAME.jpg.age is NAME.jpg, encrypted (docs/sealing.md). Pure. */
#ifndef PASTCAM_BASE_SEALED_NAME_H
#define PASTCAM_BASE_SEALED_NAME_H

#include <stdbool.h>
#include <stddef.h>

#define SEALED_NAME_END ".age"

/* The name's length without that; all of it when the file is not sealed. */
size_t sealed_name_length(const char *name);
bool sealed_name_is_one(const char *name);

/* "/a/b.jpg" and "png" make "/a/b.png", "/a/b.jpg.age" makes "/a/b.png.age". False: there is no extension in name, or
 * no room. */
bool sealed_name_with_extension(const char *name, const char *extension, char *text, size_t bytes);

#endif
