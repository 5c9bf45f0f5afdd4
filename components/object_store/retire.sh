# Removes the users of former keys, so that those keys open nothing any more; may be repeated at any time.
set -eu
export MC_HOST_root="$SCHEME://$ROOT_USER:$ROOT_PASSWORD@$ADDRESS"
unset ROOT_USER ROOT_PASSWORD

for user in $FORMER_USERS; do
  if answer=$(mc admin user info root "$user" 2>&1); then
    mc admin user remove root "$user"
  else
    case $answer in
      *"does not exist"*) ;;
      *) printf 'The object store at %s does not tell of the user %s: %s\n' "$ADDRESS" "$user" "$answer" >&2; exit 1 ;;
    esac
  fi
done
printf 'Former keys are gone: %s.\n' "$FORMER_USERS"
