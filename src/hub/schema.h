/* The tables of hub.db, and how one of an earlier version becomes one of this. */
#ifndef PASTCAM_HUB_SCHEMA_H
#define PASTCAM_HUB_SCHEMA_H

#include "sql.h"

/* Brings an open database to this version, each step in a transaction of its own. -EPROTO: it is of a later one. */
int schema_migrate(struct sql *sql, struct error *error);

#endif
