# Lets the server take the newest password alone, now and after its restarts; may be repeated at any time.
# REDISCLI_AUTH is that password. Commands go to the client's input: on its command line everybody could read them.
set -eu

ask() {
  # shellcheck disable=SC2086 # TLS_OPTIONS are several words, or none
  valkey-cli -h "$HOST" -p "$PORT" $TLS_OPTIONS --no-auth-warning
}

answers=$(printf 'ACL SETUSER default resetpass >%s\nACL SAVE\n' "$REDISCLI_AUTH" | ask 2>&1)
[ "$answers" = "$(printf 'OK\nOK')" ] || {
  printf 'Redis at %s:%s does not forget the former password: %s\n' "$HOST" "$PORT" "$answers" >&2
  exit 1
}
printf 'Redis takes the newest password alone.\n'
