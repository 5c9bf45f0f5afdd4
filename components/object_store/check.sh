# Tries whether a key may list its bucket.
set -eu

# mc takes its credentials from this variable: on its command line everybody on the node could read them.
export MC_HOST_store="$SCHEME://$ACCESS_KEY:$SECRET_KEY${SESSION_TOKEN:+:$SESSION_TOKEN}@$ADDRESS"

attempt=0
while :; do
  # One line is enough: a bucket may hold millions of objects.
  {
    code=0
    timeout 60 mc ls "store/$BUCKET/$PREFIX" 2>/tmp/problem || code=$?
    echo "$code" >/tmp/code
  } | head -n 1 >/dev/null
  code=$(cat /tmp/code)
  # SIGPIPE: mc had more lines to write than one.
  if [ "$code" = 0 ] || [ "$code" = 141 ]; then break; fi
  problem=$(cat /tmp/problem)
  attempt=$((attempt + 1))
  if [ "$attempt" -ge 12 ]; then
    printf 'The bucket %s at %s cannot be listed with the given key: %s\n' "$BUCKET" "$ADDRESS" \
      "${problem:-mc ended with status $code}" >&2
    printf 'See objectStore.credentials, region and ca, and whether the bucket exists.\n' >&2
    exit 1
  fi
  sleep 5
done
printf 'Bucket %s can be listed.\n' "$BUCKET"
