# Makes Label Studio's database (with ADMIN) or checks it (without); may be repeated at any time.
# Exit code 42 says that trying again is pointless until a person has mended something.
set -eu
export PGCONNECT_TIMEOUT=10

refuse() {
  printf '%s\n' "$*" >&2
  exit 42
}

as_admin() {
  PGUSER=$ADMIN PGPASSWORD=$ADMIN_PASSWORD psql -X -q -v ON_ERROR_STOP=1 "$@"
}

as_owner() {
  PGUSER=$LOGIN PGPASSWORD=$LOGIN_PASSWORD psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$DATABASE" "$@"
}

wait_for_server() {
  attempt=0
  # With a name: a pod may run as a user who has none, which is not asked about the server then.
  until pg_isready -q -t 5 -U "$OWNER"; do
    attempt=$((attempt + 1))
    [ "$attempt" -lt 60 ] || refuse "PostgreSQL at $PGHOST:$PGPORT does not answer."
    sleep 5
  done
}

# An operator makes the role a moment after it calls the cluster running.
wait_for_owner() {
  attempt=0
  until problem=$(as_owner -c 'SELECT 1' 2>&1); do
    attempt=$((attempt + 1))
    [ "$attempt" -lt 12 ] ||
      refuse "Role $LOGIN cannot open database $DATABASE at $PGHOST:$PGPORT: $problem" \
        "Make both, or give postgresql.adminCredentials with which this job makes them."
    sleep 5
  done
}

# A role may hand a database only to a role of which it is a member, so an administrator
# who is no superuser joins the owner.
make_role_and_database() {
  as_admin -d "$ADMIN_DATABASE" -v owner="$OWNER" -v database="$DATABASE" <<'SQL'
SELECT format('CREATE ROLE %I LOGIN', :'owner')
  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'owner') \gexec
SELECT format('GRANT %I TO CURRENT_USER', :'owner')
  WHERE :'owner' <> current_user AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) \gexec
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING ''UTF8''', :'database', :'owner')
  WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
SELECT format('ALTER DATABASE %I OWNER TO %I', :'database', :'owner')
  WHERE EXISTS (SELECT FROM pg_database WHERE datname = :'database' AND pg_get_userbyid(datdba) <> :'owner') \gexec
SQL
}

# The owner itself, or a role that becomes the owner as it logs in: two in turn, so that a new password is good before
# the old one is not. One that had its turn before may not log in.
make_login() {
  as_admin -d "$ADMIN_DATABASE" -v owner="$OWNER" -v login="$LOGIN" <<'SQL'
SELECT format('CREATE ROLE %I', :'login') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'login') \gexec
SELECT format('GRANT %I TO %I', :'owner', :'login') WHERE :'owner' <> :'login' \gexec
SELECT format('ALTER ROLE %I SET role TO %L', :'login', :'owner') WHERE :'owner' <> :'login' \gexec
SELECT format('ALTER ROLE %I LOGIN', :'login')
  WHERE NOT (SELECT rolcanlogin FROM pg_roles WHERE rolname = :'login') \gexec
SQL
}

# The server has the password that it was made with, or that a former update gave it.
learn_admin_password() {
  as_admin -d "$ADMIN_DATABASE" -c 'SELECT 1' >/dev/null 2>&1 && return 0
  for former in ${FORMER_ADMIN:-}; do
    if printf '%s\n%s\n' "$ADMIN_PASSWORD" "$ADMIN_PASSWORD" |
      PGUSER=$ADMIN PGPASSWORD=$former psql -X -q -v ON_ERROR_STOP=1 -d "$ADMIN_DATABASE" \
        -c "\\password $ADMIN" >/dev/null 2>&1; then
      return 0
    fi
  done
}

# psql hashes the password itself: its plain text never reaches the server or its log.
set_password() {
  printf '%s\n%s\n' "$LOGIN_PASSWORD" "$LOGIN_PASSWORD" |
    as_admin -d "$ADMIN_DATABASE" -c "\\password $LOGIN" >/dev/null 2>&1
}

make_extensions_as_admin() {
  as_admin -d "$DATABASE" -c 'CREATE EXTENSION IF NOT EXISTS pg_trgm' -c 'CREATE EXTENSION IF NOT EXISTS btree_gin'
}

check_version() {
  version=$(as_owner -c 'SHOW server_version_num')
  [ "$version" -ge 130000 ] ||
    refuse "PostgreSQL at $PGHOST:$PGPORT has version number $version; Label Studio needs 13 (130000) or higher."
  attempt=0
  until [ "${version:-0}" -ge "${MAJOR_VERSION}0000" ]; do
    attempt=$((attempt + 1))
    [ "$attempt" -lt 120 ] ||
      refuse "PostgreSQL at $PGHOST:$PGPORT still has version number $version, not $MAJOR_VERSION: its operator did not upgrade it."
    sleep 5
    version=$(as_owner -c 'SHOW server_version_num' 2>/dev/null) || true
  done
}

# Text indexes are in the order of the C library that made them: under another one, rows are not found and come twice.
check_collation() {
  [ "$version" -ge 150000 ] || return 0
  changed=$(as_owner -c "SELECT datcollversion || ', now ' || pg_database_collation_actual_version(oid)
    FROM pg_database WHERE datname = current_database()
      AND datcollversion <> pg_database_collation_actual_version(oid)")
  [ -z "$changed" ] ||
    refuse "Database $DATABASE at $PGHOST:$PGPORT was made with collation version $changed: its text indexes may be wrong." \
      "Go back to the image before, or, as $OWNER, run there:" \
      "REINDEX DATABASE \"$DATABASE\"; ALTER DATABASE \"$DATABASE\" REFRESH COLLATION VERSION;"
}

check_extension() {
  as_owner -c "CREATE EXTENSION IF NOT EXISTS $1" 2>/dev/null || true
  found=$(as_owner -c "SELECT count(*) FROM pg_extension WHERE extname = '$1'")
  [ "$found" = 1 ] ||
    refuse "Extension $1 is missing in database $DATABASE and $OWNER may not make it." \
      "As a superuser, run there: CREATE EXTENSION $1;"
}

# What the owner may open: PostgreSQL keeps some for others, and a role or database has -1 or a limit of its own.
check_connections() {
  allowed=$(as_owner -c "SELECT least(
      current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - coalesce(current_setting('reserved_connections', true), '0')::int,
      nullif(rolconnlimit, -1), nullif(datconnlimit, -1))
    FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()")
  [ "$allowed" -ge "$1" ] ||
    refuse "PostgreSQL at $PGHOST:$PGPORT lets $OWNER open $allowed connections; Label Studio opens up to $1." \
      "Raise max_connections, or the limit of the role or database, or let fewer pods, processes and workers run."
}

wait_for_server
if [ -n "${ADMIN:-}" ]; then
  learn_admin_password
  make_role_and_database
  make_login
  as_owner -c 'SELECT 1' >/dev/null 2>&1 || set_password || refuse "$ADMIN may not set the password of $LOGIN."
  make_extensions_as_admin
fi
wait_for_owner
check_version
check_collation
check_extension pg_trgm
check_extension btree_gin
if [ -n "${CONNECTIONS:-}" ]; then check_connections "$CONNECTIONS"; fi
may_create=$(as_owner -c "SELECT has_schema_privilege(current_schema(), 'CREATE')")
[ "$may_create" = t ] || refuse "Role $OWNER may not create tables in database $DATABASE; make it the owner."
printf 'Database %s is ready for %s.\n' "$DATABASE" "$OWNER"
