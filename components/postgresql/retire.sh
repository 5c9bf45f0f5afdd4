# Keeps a former login from the database; may be repeated at any time. It may own the database, so it stays a role.
set -eu
export PGCONNECT_TIMEOUT=10 PGUSER="$ADMIN" PGPASSWORD="$ADMIN_PASSWORD"

psql -X -q -v ON_ERROR_STOP=1 -d "$ADMIN_DATABASE" -v login="$FORMER_LOGIN" <<'SQL'
SELECT format('ALTER ROLE %I NOLOGIN PASSWORD NULL', :'login')
  WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = :'login') \gexec
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = :'login' \g /dev/null
SQL
printf 'The role %s can no longer log in.\n' "$FORMER_LOGIN"
