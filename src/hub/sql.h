/* SQLite, with the errors of this project and with statements that are prepared once. Not for two threads at once. */
#ifndef PASTCAM_HUB_SQL_H
#define PASTCAM_HUB_SQL_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { SQL_STATEMENTS_MAX = 48 };

struct sql {
	sqlite3 *db; /* NULL: not open */
	struct {
		const char *text; /* by its address: a constant of the program */
		sqlite3_stmt *statement;
	} statements[SQL_STATEMENTS_MAX];
	size_t count;
};
#define SQL_NULL ((struct sql){ .db = NULL })

/* Opens, or makes, a database in WAL mode; read_only: it must be there, and is left alone. */
int sql_open(struct sql *sql, const char *path, bool read_only, struct error *error);
void sql_close(struct sql *sql); /* safe on SQL_NULL, and twice */

/* One statement without results or several with ; between. 0, or as sql_fail. */
int sql_run(struct sql *sql, const char *text, struct error *error);

/* The statement for text, ready for values: a character of kinds each: 't' const char * (NULL is NULL), 'i' int64_t,
 * 'd' double, 'b' const void * and size_t. NULL when SQLite refuses. */
sqlite3_stmt *sql_begin(struct sql *sql, const char *text, const char *kinds, ...);

/* The next row: 1; 0: no more; negative as sql_fail. */
int sql_step(sqlite3_stmt *statement, struct error *error);
void sql_end(sqlite3_stmt *statement); /* NULL is fine */

/* sql_begin, sql_step, sql_end for what has no results. How many rows it changed, or negative. */
int sql_do(struct sql *sql, struct error *error, const char *text, const char *kinds, ...);

/* A single number; fallback where there is no row, NULL, or an error. */
int64_t sql_number(struct sql *sql, const char *text, int64_t fallback);

/* What SQLite has just complained of: -EILSEQ: the file is damaged; -ENOSPC, -EBUSY, -ENOMEM, -EACCES; else -EIO. */
int sql_fail(sqlite3 *db, struct error *error);

/* A column as text; "" for NULL. Valid until the next step. */
const char *sql_text(sqlite3_stmt *statement, int column);

#endif
