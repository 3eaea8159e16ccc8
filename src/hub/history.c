#include "history.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "event.h"
#include "sql.h"
#include "store.h"

enum { MS_PER_S = 1000, WRITE_BYTES = 64 * 1024 };

/* --- moments --- */

static bool parse_ago(const char *text, int64_t now_ms, int64_t *moment_ms)
{
	char *end;
	double count = strtod(text, &end);
	double unit_s = *end == 's' ? 1 : *end == 'm' ? 60 : *end == 'h' ? 3600 : *end == 'd' ? 86400 : 0;
	if (end == text || unit_s == 0 || end[1] != '\0' || !(count >= 0 && count <= 1e6))
		return false;
	*moment_ms = now_ms - (int64_t)(count * unit_s * MS_PER_S);
	return true;
}

static bool parse_epoch(const char *text, int64_t *moment_ms)
{
	char *end;
	double seconds = strtod(text, &end);
	if (end == text || *end != '\0' || !(seconds >= 1e6 && seconds < 1e11))
		return false;
	*moment_ms = (int64_t)(seconds * MS_PER_S);
	return true;
}

static bool parse_date(const char *text, int64_t *moment_ms)
{
	static const char *const shapes[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M",
		                                  "%Y-%m-%d" };
	for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
		struct tm tm = { .tm_isdst = -1 };
		const char *end = strptime(text, shapes[i], &tm);
		bool is_utc = end && strcmp(end, "Z") == 0;
		if (!end || (*end != '\0' && !is_utc))
			continue;
		*moment_ms = (int64_t)(is_utc ? timegm(&tm) : mktime(&tm)) * MS_PER_S;
		return true;
	}
	return false;
}

int history_parse_moment(const char *text, int64_t now_ms, int64_t *moment_ms, struct error *error)
{
	if (parse_ago(text, now_ms, moment_ms) || parse_epoch(text, moment_ms) || parse_date(text, moment_ms))
		return 0;
	return error_set(error, -EINVAL, "\"%.*s\" is no moment: write 90m, 2h or 3d ago, or as in 2026-11-26T10:15",
	                 utf8_fit(text, 60), text);
}

/* --- writing --- */

struct row {
	const char *camera, *id, *type, *zone, *label, *json, *path;
	int64_t time_ms;
	bool has_score;
	double score;
};

/* A label is anybody's: what would move a terminal's cursor becomes a space, the C1 controls in UTF-8 too. */
static void write_plain(FILE *out, const char *before, const char *text)
{
	if (*text)
		fputs(before, out);
	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text, next = (unsigned char)text[1];
		bool is_c1 = byte == 0xc2 && next >= 0x80 && next < 0xa0;
		fputc(byte < ' ' || byte == 0x7f || is_c1 ? ' ' : byte, out);
		text += is_c1;
	}
}

static void write_table(FILE *out, const struct row *row)
{
	char time[40];
	clock_format_local(row->time_ms * CLOCK_NS_PER_MS, "%Y-%m-%d %H:%M:%S", time, sizeof time);
	fprintf(out, "%s  %-12s %-14s", time, row->camera, row->type);
	write_plain(out, " zone=", row->zone);
	if (row->has_score)
		fprintf(out, " score=%.3g", row->score);
	write_plain(out, " label=", row->label);
	write_plain(out, " ", row->path);
	if (event_json_is_sealed(row->json))
		fputs(" (sealed)", out);
	fputc('\n', out);
}

/* RFC 4180; what a spreadsheet would take for a formula gets an apostrophe. */
static void write_csv_text(FILE *out, const char *text, bool is_last)
{
	fputc('"', out);
	if (strchr("=+-@\t\r", text[0]) && text[0])
		fputc('\'', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputs(is_last ? "\"\r\n" : "\",", out);
}

static void write_csv(FILE *out, const struct row *row)
{
	char time[CLOCK_ISO_BYTES], score[32] = "";
	clock_format_iso(row->time_ms * CLOCK_NS_PER_MS, time);
	if (row->has_score)
		snprintf(score, sizeof score, "%g", row->score);
	fprintf(out, "%s,", time);
	write_csv_text(out, row->camera, false);
	write_csv_text(out, row->type, false);
	write_csv_text(out, row->zone, false);
	fprintf(out, "%s,", score);
	write_csv_text(out, row->label, false);
	write_csv_text(out, row->path, false);
	write_csv_text(out, row->id, true);
}

/* RFC 5545: lines are folded at 75 bytes, and never within a character; an end of a line is \n, other controls are
 * none. */
static void write_ical_line(FILE *out, const char *name, const char *text)
{
	char line[1024];
	size_t length = (size_t)snprintf(line, sizeof line, "%s:", name);
	for (; *text && length + 3 < sizeof line; text++) {
		if (strchr("\\;,\n", *text))
			line[length++] = '\\';
		line[length++] = *text == '\n' ? 'n' : (unsigned char)*text < ' ' || *text == 0x7f ? ' ' : *text;
	}
	line[length] = '\0';
	const char *at = line;
	int fit;
	while (strlen(at) > 74 && (fit = utf8_fit(at, 74)) > 0) {
		fprintf(out, "%.*s\r\n ", fit, at);
		at += fit;
	}
	fprintf(out, "%s\r\n", at);
}

static void ical_time(int64_t time_ms, char text[24])
{
	time_t seconds = (time_t)(time_ms / MS_PER_S);
	struct tm tm;
	gmtime_r(&seconds, &tm);
	strftime(text, 24, "%Y%m%dT%H%M%SZ", &tm);
}

static void write_ical(FILE *out, const struct row *row)
{
	char time[24], text[256];
	ical_time(row->time_ms, time);
	fputs("BEGIN:VEVENT\r\n", out);
	snprintf(text, sizeof text, "%s@%s.pastcam", row->id, row->camera);
	write_ical_line(out, "UID", text);
	write_ical_line(out, "DTSTAMP", time);
	write_ical_line(out, "DTSTART", time);
	snprintf(text, sizeof text, "%s: %s%s%s%s%s", row->camera, row->type, row->zone[0] ? " " : "", row->zone,
	         row->label[0] ? " " : "", row->label);
	write_ical_line(out, "SUMMARY", text);
	if (row->path[0])
		write_ical_line(out, "DESCRIPTION", row->path);
	fputs("END:VEVENT\r\n", out);
}

static void write_row(FILE *out, enum history_format format, const struct row *row)
{
	if (format == HISTORY_JSON)
		fprintf(out, "%s\n", row->json);
	else if (format == HISTORY_CSV)
		write_csv(out, row);
	else if (format == HISTORY_ICAL)
		write_ical(out, row);
	else
		write_table(out, row);
}

#define COLUMNS                                                                                                        \
	"camera, id, time_ms, type, zone, label, score, json, (SELECT path FROM files WHERE event = seq LIMIT 1) "
#define WANTED                                                                                                         \
	"FROM events INDEXED BY events_time WHERE time_ms >= ?1 AND time_ms < ?2 AND (?3 IS NULL OR camera = ?3) AND (?4 " \
	"IS "                                                                                                              \
	"NULL OR substr(type, 1, length(?4)) = ?4) "

/* In the order of the index, so that nothing is sorted; only the newest so many are read backwards first. */
static sqlite3_stmt *select_rows(struct sql *sql, const struct history_query *query)
{
	static const char all[] = "SELECT " COLUMNS WANTED "ORDER BY time_ms, seq";
	static const char newest[] = "SELECT " COLUMNS "FROM (SELECT * " WANTED "ORDER BY time_ms DESC, seq DESC LIMIT ?5) "
	                             "ORDER BY time_ms, seq";
	if (query->limit == INT64_MAX)
		return sql_begin(sql, all, "iitt", query->since_ms, query->until_ms, query->camera, query->type);
	return sql_begin(sql, newest, "iitti", query->since_ms, query->until_ms, query->camera, query->type, query->limit);
}

static int write_rows(struct sql *sql, const struct history_query *query, FILE *out, struct error *error)
{
	sqlite3_stmt *statement = select_rows(sql, query);
	int result = statement ? 1 : sql_fail(sql->db, error);
	while (statement && (result = sql_step(statement, error)) == 1) {
		const struct row row = {
			.camera = sql_text(statement, 0),
			.id = sql_text(statement, 1),
			.type = sql_text(statement, 3),
			.zone = sql_text(statement, 4),
			.label = sql_text(statement, 5),
			.has_score = sqlite3_column_type(statement, 6) != SQLITE_NULL,
			.score = sqlite3_column_double(statement, 6),
			.json = sql_text(statement, 7),
			.path = sql_text(statement, 8),
			.time_ms = sqlite3_column_int64(statement, 2),
		};
		write_row(out, query->format, &row);
		if (ferror(out))
			break;
	}
	sql_end(statement);
	return result < 0 ? result : 0;
}

int history_write(const char *data_dir, const struct history_query *query, FILE *out, struct error *error)
{
	char path[STORE_PATH_BYTES];
	struct sql sql;
	struct error reason = { 0 };
	setvbuf(out, NULL, _IOFBF, WRITE_BYTES);
	store_path(data_dir, path);
	if (access(path, F_OK) < 0)
		return error_set_errno(error, -errno, "there are no events in %.180s", path);
	int result = sql_open(&sql, path, true, &reason);
	if (result == 0 && query->format == HISTORY_CSV)
		fputs("time,camera,type,zone,score,label,path,id\r\n", out);
	if (result == 0 && query->format == HISTORY_ICAL)
		fputs("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//pastcam//pastcam-hub//EN\r\n", out);
	if (result == 0)
		result = write_rows(&sql, query, out, &reason);
	if (result == 0 && query->format == HISTORY_ICAL)
		fputs("END:VCALENDAR\r\n", out);
	sql_close(&sql);
	if (result < 0)
		return error_set(error, result, "cannot read %.120s: %s", path, reason.text);
	return fflush(out) == 0 && !ferror(out) ? 0 : error_set(error, -EIO, "the events cannot be written out");
}
