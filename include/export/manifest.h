/*
 * What was saved, signed: manifest.jsonl beside the files (CAMERA_manifest.jsonl of a camera with a name), a line of
 * JSON for each file that became whole and for each that retention deleted:
 *
 *   {"n":1,"time":"…","saved":"NAME","bytes":N,"sha256":"…","previous":"…","signature":"…"}
 *   {"n":2,"time":"…","deleted":"NAME","previous":"…","signature":"…"}
 *
 * previous is the SHA-256 of the whole line before (zeros for line 1), the signature is Ed25519's over the line's bytes
 * before `,"signature"`. So a line that is changed, left out or put elsewhere breaks the chain. A manifest of
 * MANIFEST_BYTES gets a name as pictures have, with the ending .jsonl, which retention deletes in its turn, and the
 * next one goes on with its numbers.
 */
#ifndef PASTCAM_EXPORT_MANIFEST_H
#define PASTCAM_EXPORT_MANIFEST_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

enum {
	SIGN_SEED_BYTES = 32,
	SIGN_SECRET_BYTES = 64,
	SIGN_PUBLIC_BYTES = 32,
	SIGN_TEXT_BYTES = 96,
	MANIFEST_BYTES = 1 << 20
};

struct sign_key {
	uint8_t secret[SIGN_SECRET_BYTES], public[SIGN_PUBLIC_BYTES];
};

/* The key in the file path: -EINVAL when it is none, or others than its owner have access to the file; -errno. option:
 * its name in the configuration, for the reasons. */
int sign_key_load(const char *option, const char *path, struct sign_key *key, struct error *error);

/* A new key as text, secret and public; and "pastcam-sign1…" read back (-EINVAL: it is none). */
int sign_key_make(char secret[SIGN_TEXT_BYTES], char public[SIGN_TEXT_BYTES]);
int sign_key_read_public(const char *text, uint8_t public[SIGN_PUBLIC_BYTES]);

struct manifest {
	const char *folder, *camera; /* the caller's; camera "": the only one */
	struct sign_key key;
	size_t rotate_bytes; /* MANIFEST_BYTES but for tests */
	pthread_mutex_t lock;
};

/* Notes that path, a file in the folder, is whole: reads it, adds a line and syncs that. 0, or -errno with the reason:
 * the file is there then, and is not signed. Any thread; waits for the disk. */
int manifest_saved(struct manifest *manifest, const char *path, struct error *error);

/* Notes that retention has deleted the file of this name; not synced. */
int manifest_deleted(struct manifest *manifest, const char *name, struct error *error);

struct manifest_found {
	size_t files;   /* that are signed, and as they were */
	size_t missing; /* signed, not deleted by retention, and not there */
	size_t altered;
	size_t lines;          /* of the manifests that are changed, missing or out of order */
	size_t unsigned_files; /* pictures and clips of ours that no line names */
};

/* Checks the manifests in folder and the files that they name, and tells what is wrong on out, a line each. public:
 * NULL takes the one that the manifests name. -ENOENT: there is no manifest; -EINVAL: they are of another key; -errno.
 */
int manifest_verify(const char *folder, const uint8_t public[SIGN_PUBLIC_BYTES], FILE *out,
                    struct manifest_found *found, struct error *error);

#endif
