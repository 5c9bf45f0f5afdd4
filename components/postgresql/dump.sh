# Dumps the database into a file of the volume of dumps, unless Label Studio has not been there yet.
# Exit code 42 says that trying again is pointless until a person has mended something.
set -eu
umask 077
export PGCONNECT_TIMEOUT=10
folder=/dumps

refuse() {
  rm -f "$folder"/*.part
  printf '%s\n' "$* The running page was not changed." >&2
  exit 42
}

found=$(psql -X -A -t -v ON_ERROR_STOP=1 -d "$DATABASE" -c "SELECT to_regclass('htx_user') IS NOT NULL")
if [ "$found" != t ]; then
  echo "Database $DATABASE is empty: there is nothing to dump."
  exit 0
fi
file="before-$VERSION-$(date -u +%Y%m%dT%H%M%SZ).dump"
rm -f "$folder"/*.part
problem=$(pg_dump --format custom --file "$folder/$file.part" "$DATABASE" 2>&1) ||
  refuse "The dump of database $DATABASE failed: $(printf '%s' "$problem" | tail -n 3 | tr '\n' ' ')"
# The list at its end is what an incomplete file lacks.
problem=$(pg_restore --list "$folder/$file.part" 2>&1 >/dev/null) ||
  refuse "The dump of database $DATABASE cannot be read: $problem"
sync "$folder/$file.part"
mv "$folder/$file.part" "$folder/$file"
# The newest ones by their time, whatever the versions.
ls -t "$folder" | grep '^before-.*\.dump$' | tail -n +"$((KEEP + 1))" | while read -r old; do
  rm -f "$folder/$old"
done
echo "Database $DATABASE is in $file ($(du -h "$folder/$file" | cut -f 1))."
