// SQLite as a command: a database file, then statements; prints rows with '|' between columns.
#include <stdio.h>
#include "sqlite3.h"

static int row(void *unused, int count, char **values, char **names) {
  for (int i = 0; i < count; i++) printf("%s%s", i ? "|" : "", values[i] ? values[i] : "NULL");
  puts("");
  return 0;
}

int main(int argc, char **argv) {
  sqlite3 *db;
  // WASI has no locks.
  if (sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "unix-none")) {
    fprintf(stderr, "open: %s\n", sqlite3_errmsg(db));
    return 1;
  }
  for (int i = 2; i < argc; i++) {
    char *error = NULL;
    if (sqlite3_exec(db, argv[i], row, NULL, &error)) {
      fprintf(stderr, "%s\n", error);
      return 1;
    }
  }
  return sqlite3_close(db);
}
