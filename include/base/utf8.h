/* Text that strangers, file names and cut buffers make: always valid UTF-8 where it goes into a reply, a log line or
 * JSON. Pure, any thread. */
#ifndef PASTCAM_BASE_UTF8_H
#define PASTCAM_BASE_UTF8_H

/* Makes text valid in place (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF): a character that is cut off
 * at the end is dropped, each other byte that belongs to none becomes '?'. Never longer than before. */
void utf8_repair(char *text);

/* How many bytes of text may be printed, most at most, so that no character is cut: for the precision of "%.*s". */
int utf8_fit(const char *text, int most);

#endif
