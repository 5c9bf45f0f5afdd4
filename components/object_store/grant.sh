# Makes buckets and the keys that may use them; may be repeated at any time. Variables of a key end with its number.
# The image has a shell and coreutils, but neither grep nor sed.
set -eu

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# mc takes its credentials from such variables: on its command line everybody on the node could read them.
export MC_HOST_root="$SCHEME://$ROOT_USER:$ROOT_PASSWORD@$ADDRESS"
unset ROOT_USER ROOT_PASSWORD

wait_for_store() {
  attempt=0
  until answer=$(timeout 20 mc ls root 2>&1); do
    attempt=$((attempt + 1))
    [ "$attempt" -lt 60 ] || fail "The object store at $ADDRESS does not let its administrator in: $answer"
    sleep 5
  done
}

make_bucket() {
  mc mb --ignore-existing --region "$REGION" "root/$BUCKET"
  if [ "$VERSIONING" = true ]; then mc version enable "root/$BUCKET"; fi
  # An empty object whose name ends with a slash: Label Studio's connection check wants something below the
  # prefix, and its import skips just such names, so that no task is made of it.
  if [ -n "$PREFIX" ]; then mc mb --ignore-existing "root/$BUCKET/$PREFIX"; fi
}

make_key() {
  printf '%s' "$POLICY" >/tmp/policy.json
  mc admin policy create root "$POLICY_NAME" /tmp/policy.json
  printf '%s\n%s\n' "$ACCESS_KEY" "$SECRET_KEY" | mc admin user add root
  if ! answer=$(mc admin policy attach root "$POLICY_NAME" --user "$ACCESS_KEY" 2>&1); then
    case $answer in
      *"already in effect"*) ;;
      *) fail "The policy cannot be attached: $answer" ;;
    esac
  fi
}

try_key() {
  export MC_HOST_granted="$SCHEME://$ACCESS_KEY:$SECRET_KEY@$ADDRESS"
  if [ "$LISTABLE" = true ]; then
    mc ls "granted/$BUCKET/$PREFIX" >/dev/null || fail "The new key cannot list $BUCKET/$PREFIX."
  fi
}

wait_for_store
for key in $KEYS; do
  for name in ACCESS_KEY SECRET_KEY BUCKET PREFIX LISTABLE POLICY_NAME POLICY; do
    # Two dollar signs in a row would be one: Kubernetes reads the commands of pods as well.
    from=${name}_$key
    eval "$name=\${$from}"
  done
  make_bucket
  make_key
  try_key
  printf 'Bucket %s is ready for %s.\n' "$BUCKET" "$ACCESS_KEY"
done
