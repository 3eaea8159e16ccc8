#include "sql.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>

enum { BUSY_MS = 5000 };

int sql_fail(sqlite3 *db, struct error *error)
{
	int code = db ? sqlite3_errcode(db) : SQLITE_NOMEM;
	const char *text = db ? sqlite3_errmsg(db) : "no memory";
	switch (code & 0xff) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return error_set(error, -EILSEQ, "the file is damaged (%s)", text);
	case SQLITE_FULL:
		return error_set(error, -ENOSPC, "the disk is full (%s)", text);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return error_set(error, -EBUSY, "another program holds it (%s)", text);
	case SQLITE_NOMEM:
		return error_set(error, -ENOMEM, "no memory (%s)", text);
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_CANTOPEN:
		return error_set(error, -EACCES, "this user cannot open or write it, or a folder is missing (%s)", text);
	default:
		return error_set(error, -EIO, "%s", text);
	}
}

int sql_open(struct sql *sql, const char *path, bool read_only, struct error *error)
{
	*sql = SQL_NULL;
	int flags = read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	int result = sqlite3_open_v2(path, &sql->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
	if (result == SQLITE_OK) {
		sqlite3_extended_result_codes(sql->db, 1);
		sqlite3_busy_timeout(sql->db, BUSY_MS);
		/* Checkpoints, which wait for the disk, are left to a thread of their own. */
		result = sqlite3_exec(sql->db,
		                      read_only ? "PRAGMA query_only=1; PRAGMA cache_size=-2000; PRAGMA mmap_size=268435456"
		                                : "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA "
		                                  "wal_autocheckpoint=0; PRAGMA cache_size=-512; PRAGMA foreign_keys=0; PRAGMA "
		                                  "journal_size_limit=4194304",
		                      NULL, NULL, NULL);
	}
	if (result == SQLITE_OK)
		return 0;
	result = sql_fail(sql->db, error);
	sql_close(sql);
	return result;
}

void sql_close(struct sql *sql)
{
	for (size_t i = 0; i < sql->count; i++)
		sqlite3_finalize(sql->statements[i].statement);
	sqlite3_close(sql->db);
	*sql = SQL_NULL;
}

int sql_run(struct sql *sql, const char *text, struct error *error)
{
	return sqlite3_exec(sql->db, text, NULL, NULL, NULL) == SQLITE_OK ? 0 : sql_fail(sql->db, error);
}

static sqlite3_stmt *prepared(struct sql *sql, const char *text)
{
	for (size_t i = 0; i < sql->count; i++)
		if (sql->statements[i].text == text)
			return sql->statements[i].statement;
	assert(sql->count < SQL_STATEMENTS_MAX);
	sqlite3_stmt *statement;
	if (!sql->db || sqlite3_prepare_v3(sql->db, text, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK)
		return NULL;
	sql->statements[sql->count].text = text;
	sql->statements[sql->count++].statement = statement;
	return statement;
}

static void bind(sqlite3_stmt *statement, const char *kinds, va_list values)
{
	for (int i = 1; *kinds; kinds++, i++) {
		if (*kinds == 't') {
			sqlite3_bind_text(statement, i, va_arg(values, const char *), -1, SQLITE_TRANSIENT);
		} else if (*kinds == 'i') {
			sqlite3_bind_int64(statement, i, va_arg(values, int64_t));
		} else if (*kinds == 'd') {
			sqlite3_bind_double(statement, i, va_arg(values, double));
		} else {
			const void *bytes = va_arg(values, const void *);
			sqlite3_bind_blob64(statement, i, bytes, va_arg(values, size_t), SQLITE_TRANSIENT);
		}
	}
}

sqlite3_stmt *sql_begin(struct sql *sql, const char *text, const char *kinds, ...)
{
	sqlite3_stmt *statement = prepared(sql, text);
	if (!statement)
		return NULL;
	va_list values;
	va_start(values, kinds);
	bind(statement, kinds, values);
	va_end(values);
	return statement;
}

int sql_step(sqlite3_stmt *statement, struct error *error)
{
	int result = sqlite3_step(statement);
	if (result == SQLITE_ROW)
		return 1;
	return result == SQLITE_DONE ? 0 : sql_fail(sqlite3_db_handle(statement), error);
}

void sql_end(sqlite3_stmt *statement)
{
	if (!statement)
		return;
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
}

int sql_do(struct sql *sql, struct error *error, const char *text, const char *kinds, ...)
{
	sqlite3_stmt *statement = prepared(sql, text);
	if (!statement)
		return sql_fail(sql->db, error);
	va_list values;
	va_start(values, kinds);
	bind(statement, kinds, values);
	va_end(values);
	int result = sql_step(statement, error);
	int changes = sqlite3_changes(sql->db);
	sql_end(statement);
	return result < 0 ? result : changes;
}

int64_t sql_number(struct sql *sql, const char *text, int64_t fallback)
{
	sqlite3_stmt *statement = prepared(sql, text);
	int64_t number = fallback;
	if (statement && sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL)
		number = sqlite3_column_int64(statement, 0);
	sql_end(statement);
	return number;
}

const char *sql_text(sqlite3_stmt *statement, int column)
{
	const unsigned char *text = sqlite3_column_text(statement, column);
	return text ? (const char *)text : "";
}
