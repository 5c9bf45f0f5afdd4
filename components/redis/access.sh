# Writes the server's users, one with the password of the Secret, beside its data.
# A former password stays good until it is retired, which the server itself writes into the file. So a file that knows
# the newest password already is left alone.
set -eu
file=/data/users.acl

digest() {
  found=$(sha256sum "$ACCESS/$1")
  printf '#%s' "${found%% *}"
}

newest=$(digest password)
if [ -f "$file" ]; then
  case $(cat "$file") in
    *"$newest"*) exit 0 ;;
  esac
fi
accepted=$newest
if [ -f "$ACCESS/former-password" ]; then accepted="$accepted $(digest former-password)"; fi
umask 077
printf 'user default on sanitize-payload %s ~* &* +@all\n' "$accepted" >"$file.new"
mv "$file.new" "$file"
