/*
 * A file to an S3 store: PUT, signed by libcurl, with its SHA-256 as a signed header, so that a store that gets other
 * bytes refuses them; then HEAD, which must tell the same size, and the same SHA-256 (x-amz-checksum-sha256) or, of a
 * store that does not know that header, the MD5 (ETag). docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>

#include "http_transfer.h"

enum { SLOWEST_BYTES_PER_S = 1 };

static size_t on_read(char *bytes, size_t size, size_t count, void *data)
{
	struct http_transfer *transfer = data;
	size_t got = fread(bytes, 1, size * count, transfer->file);
	return got == 0 && ferror(transfer->file) ? CURL_READFUNC_ABORT : got;
}

/* libcurl sends it anew after a connection that was closed meanwhile. */
static int on_seek(void *data, curl_off_t offset, int origin)
{
	struct http_transfer *transfer = data;
	return fseeko(transfer->file, offset, origin) == 0 ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

static void take_header(const char *line, size_t length, const char *name, char *value, size_t bytes)
{
	size_t skip = strlen(name);
	if (length <= skip || strncasecmp(line, name, skip) != 0)
		return;
	line += skip;
	length -= skip;
	while (length > 0 && (*line == ' ' || *line == '"')) {
		line++;
		length--;
	}
	while (length > 0 && strchr("\r\n \"", line[length - 1]))
		length--;
	snprintf(value, bytes, "%.*s", (int)length, line);
}

static size_t on_header(char *line, size_t size, size_t count, void *data)
{
	struct http_transfer *transfer = data;
	take_header(line, size * count, "x-amz-checksum-sha256:", transfer->checksum, sizeof transfer->checksum);
	take_header(line, size * count, "etag:", transfer->etag, sizeof transfer->etag);
	return size * count;
}

static bool add_header(struct http_transfer *transfer, const char *name, const char *value)
{
	char line[160];
	snprintf(line, sizeof line, "%s: %s", name, value);
	return http_transfer_add_header(transfer, line);
}

static bool fail(char reason[HTTP_REASON_BYTES], int result)
{
	snprintf(reason, HTTP_REASON_BYTES, "the file cannot be read: %s", strerror(-result));
	return false;
}

static void sign(const struct http_transfer *transfer)
{
	const struct http_s3 *s3 = transfer->job->s3;
	char how[128];
	snprintf(how, sizeof how, "aws:amz:%s:s3", s3->region);
	curl_easy_setopt(transfer->curl, CURLOPT_AWS_SIGV4, how);
	curl_easy_setopt(transfer->curl, CURLOPT_USERNAME, s3->access_key);
	curl_easy_setopt(transfer->curl, CURLOPT_PASSWORD, s3->secret_key);
}

/* No limit for all of it: a clip over a slow line takes as long as it takes, while it moves. */
static void set_options(struct http_transfer *transfer)
{
	CURL *curl = transfer->curl;
	sign(transfer);
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)transfer->bytes);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(curl, CURLOPT_READDATA, transfer);
	curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, on_seek);
	curl_easy_setopt(curl, CURLOPT_SEEKDATA, transfer);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)SLOWEST_BYTES_PER_S);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)transfer->job->timeout_s + 1);
}

bool http_upload_begin(struct http_transfer *transfer, const atomic_bool *stop, char reason[HTTP_REASON_BYTES])
{
	const char *path = transfer->job->path;
	char checksum[HTTP_CHECKSUM_BYTES];
	int result = sha256_file(path, transfer->sha256, &transfer->bytes, stop);
	int fd = result < 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (result == 0 && fd < 0)
		result = -errno;
	transfer->file = fd >= 0 ? fdopen(fd, "r") : NULL;
	if (result < 0 || !transfer->file)
		return fail(reason, result < 0 ? result : -ENOMEM);
	sha256_to_base64(transfer->sha256, checksum, sizeof checksum);
	if (!add_header(transfer, "x-amz-content-sha256", transfer->sha256) ||
	    !add_header(transfer, "x-amz-checksum-sha256", checksum) ||
	    !add_header(transfer, "Content-Type", transfer->job->content_type))
		return fail(reason, -ENOMEM);
	set_options(transfer);
	return true;
}

bool http_upload_check(struct http_transfer *transfer, char reason[HTTP_REASON_BYTES])
{
	CURL *curl = transfer->curl;
	char nothing[SHA256_HEX_BYTES];
	transfer->is_check = true;
	transfer->checksum[0] = transfer->etag[0] = '\0';
	curl_slist_free_all(transfer->headers);
	transfer->headers = NULL;
	/* Not every release of libcurl makes the sum of no bytes itself, and S3 wants it with each request. */
	if (!add_header(transfer, "x-amz-checksum-mode", "ENABLED") || sha256_bytes("", 0, nothing) < 0 ||
	    !add_header(transfer, "x-amz-content-sha256", nothing))
		return fail(reason, -ENOMEM);
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 0L);
	curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)-1);
	curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, transfer->headers);
	return true;
}

void http_upload_judge(struct http_transfer *transfer, const atomic_bool *stop, char reason[HTTP_REASON_BYTES])
{
	char checksum[HTTP_CHECKSUM_BYTES], md5[SHA256_HEX_BYTES] = "";
	curl_off_t bytes = -1;
	curl_easy_getinfo(transfer->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &bytes);
	sha256_to_base64(transfer->sha256, checksum, sizeof checksum);
	reason[0] = '\0';
	if (bytes != transfer->bytes)
		snprintf(reason, HTTP_REASON_BYTES, "it has %lld bytes of the file's %lld", (long long)bytes, transfer->bytes);
	else if (transfer->checksum[0] && strcmp(transfer->checksum, checksum) != 0)
		snprintf(reason, HTTP_REASON_BYTES, "it has other bytes than the file: their SHA-256 is %s",
		         transfer->checksum);
	else if (!transfer->checksum[0] &&
	         (md5_file(transfer->job->path, md5, stop) < 0 || strcasecmp(transfer->etag, md5) != 0))
		snprintf(reason, HTTP_REASON_BYTES,
		         "it tells neither the SHA-256 nor the MD5 of what it has, or another one (ETag %.60s)",
		         transfer->etag);
}
