/*
 * What `status` tells, as one table of rows: from it come the line of JSON, its page docs/status.md, and whatever else
 * shows the same numbers. A module's rows stand in one array, in a file of their own (src/service/status_MODULE.c), and
 * each is a member of a snapshot that is taken once, so that the numbers of a module belong together.
 *
 * To add a row: a member in the snapshot, and a line in the array. To add a group: see status_groups.h.
 */
#ifndef PASTCAM_SERVICE_STATUS_H
#define PASTCAM_SERVICE_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* How a member is kept, and what it becomes. */
enum status_form {
	STATUS_INT,         /* int */
	STATUS_INT64,       /* int64_t */
	STATUS_UINT64,      /* uint64_t */
	STATUS_SIZE,        /* size_t */
	STATUS_DOUBLE,      /* double; three decimals; NAN is null */
	STATUS_BOOL,        /* bool */
	STATUS_TEXT,        /* char[] */
	STATUS_WORDS,       /* const char *; NULL is null */
	STATUS_AGE,         /* int64_t, a monotonic moment: seconds since then; 0 is null */
	STATUS_MIB,         /* uint64_t, bytes: MiB */
	STATUS_MIB_OR_NULL, /* int64_t, bytes: MiB; negative is null */
	STATUS_LIST,        /* status_lister: writes a list of objects; not for metrics */
};

enum status_kind {
	STATUS_COUNTER, /* only rises, from 0 at the start */
	STATUS_GAUGE,   /* goes up and down */
	STATUS_STATE,   /* one of a few words, or true and false */
	STATUS_INFO,    /* text, and numbers that stay */
};

struct status_row {
	const char *path; /* "camera.frames"; a literal; rows of one object follow each other */
	enum status_form form;
	size_t offset; /* of the member in the snapshot */
	enum status_kind kind;
	const char *unit; /* "frames", "s", "MiB"; "" for none */
	const char *help; /* a sentence */
};

enum { STATUS_SNAPSHOT_BYTES = 8192, STATUS_GROUPS_MAX = 32 };

struct status_group {
	const struct status_row *rows;
	size_t row_count;
	size_t snapshot_bytes; /* STATUS_SNAPSHOT_BYTES at most */
	/* Fills the snapshot, which is all zeros. Thread of whoever asks for the status. */
	void (*take)(const void *data, void *snapshot);
};

#define STATUS_GROUP(rows, snapshot, take)                                                                             \
	{                                                                                                                  \
		rows, sizeof(rows) / sizeof(rows)[0], sizeof(snapshot), take                                                   \
	}

/* The groups in their order. Starts as all zeros; the owner fills it before anybody asks. */
struct status {
	size_t count;
	struct {
		const struct status_group *group;
		const void *data;
	} sources[STATUS_GROUPS_MAX];
};

/* data is for take, and outlives the status; NULL does when only status_reference is to be called. */
void status_add(struct status *status, const struct status_group *group, const void *data);

/* --- one row's value --- */

struct status_list;
typedef void (*status_lister)(struct status_list *list, const void *snapshot);

enum status_type {
	STATUS_IS_NULL,
	STATUS_IS_INTEGER,
	STATUS_IS_NUMBER,
	STATUS_IS_BOOL,
	STATUS_IS_TEXT,
	STATUS_IS_LIST
};

struct status_value {
	enum status_type type;
	int64_t integer;
	double number; /* of an integer too */
	bool truth;
	const char *text; /* until the visit ends */
	status_lister list;
	const void *snapshot; /* for list */
};

/* Takes all snapshots, each once, and shows each row's value. Any thread; several at once. */
typedef void (*status_visitor)(void *data, const struct status_row *row, const struct status_value *value);
void status_visit(const struct status *status, status_visitor visit, void *data);

/* All of it as one line of JSON, valid UTF-8. The caller frees it; NULL without memory. */
char *status_json(const struct status *status);

/* The table itself as one line of JSON, for who makes metrics or a page of it: a list of path, kind (counter, gauge,
 * state, info), unit and help. The caller frees it; NULL without memory. */
char *status_rows_json(const struct status *status);

/* For a status_lister: begins the next object of the list, and gives it a field. */
void status_list_next(struct status_list *list);
void status_list_text(struct status_list *list, const char *name, const char *text);
void status_list_number(struct status_list *list, const char *name, double number);

/* The page docs/status.md. */
void status_reference(const struct status *status, FILE *out);

#endif
