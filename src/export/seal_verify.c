/* Checks manifests, and the files that they name. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/utf8.h"
#include "export/export.h"
#include "file_name.h"
#include "seal_line.h"

enum { NAME_BYTES = 128 };

struct entry {
	char name[NAME_BYTES], hash[SEAL_HASH_TEXT_BYTES];
	int64_t bytes;
	bool deleted;
	size_t order; /* in which lines were read: later ones count */
};

struct list {
	struct entry *at;
	size_t count, room;
};

struct piece {
	char name[NAME_BYTES];
	int camera; /* bytes of the camera's name, which begins it */
	uint64_t first;
};

struct verify {
	const char *folder;
	int fd; /* of folder */
	const uint8_t *public;
	uint8_t named[SIGN_PUBLIC_BYTES]; /* by the manifests */
	FILE *out;
	struct manifest_found *found;
	struct list entries;
	struct piece *pieces;
	size_t piece_count;
};

static bool has_end(const char *name, const char *end)
{
	const size_t length = strlen(name), bytes = strlen(end);
	return length >= bytes && strcmp(name + length - bytes, end) == 0;
}

static struct entry *add_entry(struct list *list)
{
	if (list->count == list->room) {
		const size_t room = list->room ? 2 * list->room : 256;
		struct entry *grown = reallocarray(list->at, room, sizeof *grown);
		if (!grown)
			return NULL;
		list->at = grown;
		list->room = room;
	}
	list->at[list->count] = (struct entry){ .order = list->count };
	return &list->at[list->count++];
}

/* Takes what an authentic line says. */
static int take_line(struct verify *verify, const char *line)
{
	const char *members = strstr(line, "\",\"");
	struct entry entry = { .deleted = false };
	if (!members)
		return -EINVAL;
	members += 2;
	if (strncmp(members, "\"key\"", 5) == 0)
		return 0;
	if (sscanf(members, "\"saved\":\"%127[^\"]\",\"bytes\":%" SCNd64 ",\"sha256\":\"%64[0-9a-f]\"", entry.name,
	           &entry.bytes, entry.hash) != 3) {
		if (sscanf(members, "\"deleted\":\"%127[^\"]\"", entry.name) != 1)
			return -EINVAL;
		entry.deleted = true;
	}
	struct entry *added = add_entry(&verify->entries);
	if (!added)
		return -ENOMEM;
	entry.order = added->order;
	*added = entry;
	return 0;
}

static bool is_signed(const struct verify *verify, const char *line)
{
	uint8_t signature[crypto_sign_BYTES];
	size_t bytes;
	const char *mark = strstr(line, SEAL_SIGNATURE), *text = mark ? mark + sizeof SEAL_SIGNATURE - 1 : NULL, *end;
	return text &&
	       sodium_base642bin(signature, sizeof signature, text, strlen(text), NULL, &bytes, &end,
	                         sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0 &&
	       bytes == sizeof signature && strcmp(end, "\"}") == 0 &&
	       crypto_sign_verify_detached(signature, (const uint8_t *)line, (size_t)(mark - line), verify->public) == 0;
}

struct chain {
	uint64_t number; /* of the last line; 0: none was read */
	char hash[SEAL_HASH_TEXT_BYTES];
};

static void complain(struct verify *verify, const struct piece *piece, size_t row, const char *what)
{
	fprintf(verify->out, "%s: line %zu %s\n", piece->name, row, what);
	verify->found->lines++;
}

/* Only the oldest manifest that is left may begin with another line than 1. */
static bool follows(const struct chain *chain, const char *line, uint64_t number)
{
	const char *previous = strstr(line, ",\"previous\":\"");
	if (!previous)
		return false;
	previous += strlen(",\"previous\":\"");
	if (chain->number == 0 && number > 1)
		return true; /* retention has deleted those before */
	return number == chain->number + 1 && strncmp(previous, chain->hash, SEAL_HASH_TEXT_BYTES - 1) == 0;
}

static int check_line(struct verify *verify, const struct piece *piece, size_t row, struct chain *chain, char *line)
{
	uint64_t number = 0;
	int result = 0;
	if (!is_signed(verify, line) || sscanf(line, "{\"n\":%" SCNu64 ",", &number) != 1) {
		complain(verify, piece, row, "was altered, or is signed with another key");
	} else {
		if (!follows(chain, line, number))
			complain(verify, piece, row, "is out of order: lines before it are missing, altered or elsewhere");
		result = take_line(verify, line);
	}
	chain->number = number ? number : chain->number + 1;
	seal_hash(line, strlen(line), chain->hash);
	return result;
}

static int check_piece(struct verify *verify, const struct piece *piece, struct chain *chain)
{
	int fd = openat(verify->fd, piece->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), result = 0;
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	char *line = NULL;
	size_t room = 0, row = 0;
	if (!file)
		return -errno;
	for (ssize_t length; result == 0 && (length = getline(&line, &room, file)) > 0;) {
		if (line[length - 1] != '\n') {
			complain(verify, piece, row + 1, "breaks off");
			break;
		}
		line[length - 1] = '\0';
		result = check_line(verify, piece, ++row, chain, line);
	}
	free(line);
	fclose(file);
	return result;
}

/* First line's number and key. */
static int look_at_piece(struct verify *verify, struct piece *piece)
{
	char text[SEAL_LINE_BYTES], hex[2 * SIGN_PUBLIC_BYTES + 1];
	int fd = openat(verify->fd, piece->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (fd >= 0)
		close(fd);
	if (got < 0)
		return -errno;
	text[got] = '\0';
	const char *key = strstr(text, "\"key\":\"");
	sscanf(text, "{\"n\":%" SCNu64 ",", &piece->first);
	if (key && sscanf(key, "\"key\":\"%64[0-9a-f]\"", hex) == 1)
		sodium_hex2bin(verify->named, sizeof verify->named, hex, strlen(hex), NULL, NULL, NULL);
	return 0;
}

/* What is before "manifest.jsonl", or before the date. */
static int camera_of(const char *name)
{
	if (has_end(name, SEAL_MANIFEST))
		return (int)(strlen(name) - strlen(SEAL_MANIFEST));
	const char *date = strrchr(name, '_'); /* before the number */
	for (int i = 0; date && date > name && i < 2; i++)
		for (date--; date > name && date[-1] != '_'; date--) {
		}
	return date ? (int)(date - name) : 0;
}

static int find_pieces(struct verify *verify)
{
	DIR *listing = opendir(verify->folder);
	int result = 0;
	if (!listing)
		return -errno;
	for (struct dirent *entry; result == 0 && (entry = readdir(listing)) != NULL;) {
		const char *name = entry->d_name;
		if (!has_end(name, "." FILE_NAME_MANIFEST) || name[0] == '.' || strlen(name) >= NAME_BYTES ||
		    !(has_end(name, SEAL_MANIFEST) || export_is_own_name(name)))
			continue;
		struct piece *grown = reallocarray(verify->pieces, verify->piece_count + 1, sizeof *grown);
		if (!grown) {
			result = -ENOMEM;
			break;
		}
		verify->pieces = grown;
		struct piece *piece = &grown[verify->piece_count++];
		*piece = (struct piece){ .camera = camera_of(name) };
		snprintf(piece->name, sizeof piece->name, "%s", name);
		result = look_at_piece(verify, piece);
	}
	closedir(listing);
	return result;
}

static bool is_same_camera(const struct piece *one, const struct piece *other)
{
	return one->camera == other->camera && strncmp(one->name, other->name, (size_t)one->camera) == 0;
}

static int by_camera_and_line(const void *one, const void *other)
{
	const struct piece *a = one, *b = other;
	if (a->camera != b->camera)
		return a->camera - b->camera;
	int order = strncmp(a->name, b->name, (size_t)a->camera);
	return order != 0 ? order : a->first < b->first ? -1 : a->first > b->first;
}

static int check_chains(struct verify *verify)
{
	struct chain chain = { 0 };
	int result = 0;
	qsort(verify->pieces, verify->piece_count, sizeof *verify->pieces, by_camera_and_line);
	for (size_t i = 0; result == 0 && i < verify->piece_count; i++) {
		if (i == 0 || !is_same_camera(&verify->pieces[i - 1], &verify->pieces[i])) {
			chain.number = 0;
			memset(chain.hash, '0', sizeof chain.hash - 1);
		}
		result = check_piece(verify, &verify->pieces[i], &chain);
	}
	return result;
}

static int by_name(const void *one, const void *other)
{
	const struct entry *a = one, *b = other;
	int order = strcmp(a->name, b->name);
	return order != 0 ? order : a->order < b->order ? -1 : a->order > b->order;
}

static void tell(struct verify *verify, const char *what, const char *name, size_t *count)
{
	fprintf(verify->out, "%s: %s\n", what, name);
	++*count;
}

static int check_file(struct verify *verify, const struct entry *entry)
{
	char hash[SEAL_HASH_TEXT_BYTES];
	int64_t bytes = 0;
	int result = seal_hash_file(verify->fd, entry->name, hash, &bytes);
	if (result == -ENOENT || result == -ELOOP)
		tell(verify, "missing", entry->name, &verify->found->missing);
	else if (result < 0)
		return result;
	else if (bytes != entry->bytes || strcmp(hash, entry->hash) != 0)
		tell(verify, "altered", entry->name, &verify->found->altered);
	else
		verify->found->files++;
	return 0;
}

/* Names that come again are told by their last line; those of several cameras by any that says it is deleted. */
static int check_files(struct verify *verify)
{
	const struct list *list = &verify->entries;
	int result = 0;
	if (list->count > 0)
		qsort(list->at, list->count, sizeof *list->at, by_name);
	for (size_t i = 0; result == 0 && i < list->count; i++) {
		bool deleted = list->at[i].deleted;
		size_t last = i;
		for (; last + 1 < list->count && strcmp(list->at[i].name, list->at[last + 1].name) == 0; last++)
			deleted = deleted || list->at[last + 1].deleted;
		if (!deleted)
			result = check_file(verify, &list->at[last]);
		i = last;
	}
	return result;
}

static bool is_listed(const struct verify *verify, const char *name)
{
	size_t low = 0, high = verify->entries.count;
	while (low < high) {
		const size_t middle = (low + high) / 2;
		const int order = strcmp(verify->entries.at[middle].name, name);
		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static int find_unsigned(struct verify *verify)
{
	DIR *listing = opendir(verify->folder);
	if (!listing)
		return -errno;
	for (struct dirent *entry; (entry = readdir(listing)) != NULL;)
		if (export_is_own_name(entry->d_name) && !has_end(entry->d_name, "." FILE_NAME_MANIFEST) &&
		    !is_listed(verify, entry->d_name))
			tell(verify, "not signed", entry->d_name, &verify->found->unsigned_files);
	closedir(listing);
	return 0;
}

static int check_all(struct verify *verify, const uint8_t *public, struct error *error)
{
	int result = sodium_init() < 0 ? -EIO : find_pieces(verify);
	if (result < 0)
		return result;
	if (verify->piece_count == 0)
		return error_set(error, -ENOENT, "there is no " SEAL_MANIFEST " in %.*s", utf8_fit(verify->folder, 100),
		                 verify->folder);
	if (public && memcmp(public, verify->named, SIGN_PUBLIC_BYTES) != 0)
		return error_set(error, -EINVAL, "the manifests in %.*s say that they are of another key",
		                 utf8_fit(verify->folder, 100), verify->folder);
	verify->public = public ? public : verify->named;
	result = check_chains(verify);
	if (result == 0)
		result = check_files(verify);
	return result == 0 ? find_unsigned(verify) : result;
}

int manifest_verify(const char *folder, const uint8_t public[SIGN_PUBLIC_BYTES], FILE *out,
                    struct manifest_found *found, struct error *error)
{
	struct verify verify = { .folder = folder, .out = out, .found = found };
	struct error why = { 0 };
	*found = (struct manifest_found){ 0 };
	verify.fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = verify.fd < 0 ? -errno : check_all(&verify, public, &why);
	if (verify.fd >= 0)
		close(verify.fd);
	free(verify.entries.at);
	free(verify.pieces);
	if (result < 0 && why.code != 0)
		return error_set(error, result, "%s", why.text);
	return result < 0 ? error_set_errno(error, result, "cannot check %.*s", utf8_fit(folder, 100), folder) : 0;
}
