#!/bin/sh
# Starts Valkey; options or a configuration file may stand in place of the command.
set -eu

case ${1:---} in
-* | *.conf) set -- valkey-server "$@" ;;
esac

if [ "$1" = valkey-server ]; then
    if [ "$(id -u)" = 0 ]; then
        chown valkey:valkey .
        exec setpriv --reuid=valkey --regid=valkey --clear-groups "$0" "$@"
    fi
    if [ ! -w . ]; then
        echo "$PWD cannot be written by uid $(id -u): mount a volume that it owns (fsGroup)" >&2
        exit 1
    fi
    umask 0077
fi
exec "$@"
