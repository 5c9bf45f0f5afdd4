# Removes the keys that the stack made once and wants no more; may be repeated at any time.
# The image has a shell and coreutils, but neither grep nor sed.
set -eu
export MC_HOST_root="$SCHEME://$ROOT_USER:$ROOT_PASSWORD@$ADDRESS"
unset ROOT_USER ROOT_PASSWORD

if ! listed=$(mc --json admin user list root 2>&1); then
  printf 'The object store at %s does not tell its users: %s\n' "$ADDRESS" "$listed" >&2
  exit 1
fi

# Only as JSON, an object in a line for each user, mc does not cut off long names.
while read -r line; do
  user=${line#*'"accessKey":"'}
  user=${user%%'"'*}
  case $user in
    "$STORE"-*) ;;
    *) continue ;; # Made by somebody else.
  esac
  case " $KEPT_USERS " in
    *" $user "*) continue ;;
  esac
  mc admin user remove root "$user"
  printf 'The key %s opens nothing any more.\n' "$user"
done <<EOF
$listed
EOF
