/* The format: APPNOTE.TXT 4.3 (local header, data, data descriptor; then the central directory and its end). */
#include "zip.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "captures.h"

enum {
	NAME_BYTES = 256,
	HEAD_BYTES = 64 + NAME_BYTES,
	LOCAL_HEADER = 0x04034b50,
	DATA_DESCRIPTOR = 0x08074b50,
	CENTRAL_HEADER = 0x02014b50,
	CENTRAL_END = 0x06054b50,
	VERSION_2 = 20,
	SIZES_FOLLOW_AND_UTF8 = 0x0808,
};

struct item {
	char name[NAME_BYTES];
	uint32_t crc, bytes, offset, moment;
	bool is_in;
};

struct zip {
	int folder, fd; /* fd: of the item being read, or -1 */
	size_t count, at, central;
	uint32_t position, central_offset;
	bool is_ended;
	char head[HEAD_BYTES]; /* waits to be read */
	size_t head_length, head_sent;
	struct item items[];
};

static void put16(struct zip *zip, unsigned value)
{
	zip->head[zip->head_length++] = (char)(value & 0xff);
	zip->head[zip->head_length++] = (char)(value >> 8 & 0xff);
}

static void put32(struct zip *zip, uint32_t value)
{
	put16(zip, value & 0xffff);
	put16(zip, value >> 16);
}

static void put_name(struct zip *zip, const char *name)
{
	memcpy(zip->head + zip->head_length, name, strlen(name));
	zip->head_length += strlen(name);
}

/* MS-DOS's: two seconds, local time. */
static uint32_t dos_moment(time_t when)
{
	struct tm parts;
	if (!localtime_r(&when, &parts) || parts.tm_year < 80)
		return 1U << 21 | 1U << 16;
	uint32_t date = (uint32_t)((parts.tm_year - 80) << 9 | (parts.tm_mon + 1) << 5 | parts.tm_mday);
	return date << 16 | (uint32_t)(parts.tm_hour << 11 | parts.tm_min << 5 | parts.tm_sec / 2);
}

static void begin_item(struct zip *zip, struct item *item)
{
	struct stat status;
	zip->fd = captures_open(zip->folder, item->name);
	if (zip->fd < 0 || fstat(zip->fd, &status) < 0)
		return;
	item->is_in = true;
	item->offset = zip->position;
	item->moment = dos_moment(status.st_mtim.tv_sec);
	put32(zip, LOCAL_HEADER);
	put16(zip, VERSION_2);
	put16(zip, SIZES_FOLLOW_AND_UTF8);
	put16(zip, 0);
	put32(zip, item->moment);
	put32(zip, 0);
	put32(zip, 0);
	put32(zip, 0);
	put16(zip, (unsigned)strlen(item->name));
	put16(zip, 0);
	put_name(zip, item->name);
}

static void end_item(struct zip *zip, const struct item *item)
{
	close(zip->fd);
	zip->fd = -1;
	zip->at++;
	put32(zip, DATA_DESCRIPTOR);
	put32(zip, item->crc);
	put32(zip, item->bytes);
	put32(zip, item->bytes);
}

static void put_central(struct zip *zip, const struct item *item)
{
	put32(zip, CENTRAL_HEADER);
	put16(zip, VERSION_2);
	put16(zip, VERSION_2);
	put16(zip, SIZES_FOLLOW_AND_UTF8);
	put16(zip, 0);
	put32(zip, item->moment);
	put32(zip, item->crc);
	put32(zip, item->bytes);
	put32(zip, item->bytes);
	put16(zip, (unsigned)strlen(item->name));
	for (int i = 0; i < 4; i++)
		put16(zip, 0);
	put32(zip, 0);
	put32(zip, item->offset);
	put_name(zip, item->name);
}

static void put_end(struct zip *zip)
{
	unsigned count = 0;
	for (size_t i = 0; i < zip->count; i++)
		count += zip->items[i].is_in;
	put32(zip, CENTRAL_END);
	put32(zip, 0);
	put16(zip, count);
	put16(zip, count);
	put32(zip, zip->position - zip->central_offset);
	put32(zip, zip->central_offset);
	put16(zip, 0);
	zip->is_ended = true;
}

/* Fills head with what comes next, unless a file is being read. */
static void advance(struct zip *zip)
{
	zip->head_length = zip->head_sent = 0;
	if (zip->at < zip->count) {
		begin_item(zip, &zip->items[zip->at]);
		if (zip->fd < 0)
			zip->at++;
		return;
	}
	if (zip->central == 0)
		zip->central_offset = zip->position;
	while (zip->central < zip->count && !zip->items[zip->central].is_in)
		zip->central++;
	if (zip->central < zip->count)
		put_central(zip, &zip->items[zip->central++]);
	else
		put_end(zip);
}

static ssize_t read_file(struct zip *zip, char *buffer, size_t room)
{
	struct item *item = &zip->items[zip->at];
	ssize_t bytes = read(zip->fd, buffer, room);
	if (bytes < 0)
		return errno == EINTR ? 0 : -errno;
	if ((uint64_t)zip->position + (uint64_t)bytes > UINT32_MAX)
		return -EFBIG;
	if (bytes == 0) {
		zip->head_length = zip->head_sent = 0;
		end_item(zip, item);
		return 0;
	}
	item->crc = (uint32_t)crc32(item->crc, (const Bytef *)buffer, (uInt)bytes);
	item->bytes += (uint32_t)bytes;
	zip->position += (uint32_t)bytes;
	return bytes;
}

ssize_t zip_read(struct zip *zip, char *buffer, size_t room)
{
	for (;;) {
		size_t length = zip->head_length - zip->head_sent;
		if (length > 0) {
			length = length < room ? length : room;
			memcpy(buffer, zip->head + zip->head_sent, length);
			zip->head_sent += length;
			zip->position += (uint32_t)length;
			return (ssize_t)length;
		}
		if (zip->fd >= 0) {
			ssize_t bytes = read_file(zip, buffer, room);
			if (bytes != 0)
				return bytes;
		} else if (zip->is_ended) {
			return 0;
		} else {
			advance(zip);
		}
	}
}

static size_t count_names(const char *names)
{
	size_t count = names[0] ? 1 : 0;
	for (; *names; names++)
		count += *names == ',';
	return count;
}

struct zip *zip_create(int folder, const char *names)
{
	size_t count = count_names(names);
	struct zip *zip = NULL;
	if (count > 0 && count <= ZIP_FILES_MAX)
		zip = calloc(1, sizeof *zip + count * sizeof zip->items[0]);
	if (!zip) {
		close(folder);
		return NULL;
	}
	zip->folder = folder;
	zip->fd = -1;
	for (const char *at = names; *at; at += *at == ',') {
		size_t length = strcspn(at, ",");
		if (length > 0 && length < NAME_BYTES)
			memcpy(zip->items[zip->count++].name, at, length);
		at += length;
	}
	return zip;
}

void zip_destroy(struct zip *zip)
{
	if (!zip)
		return;
	if (zip->fd >= 0)
		close(zip->fd);
	close(zip->folder);
	free(zip);
}
