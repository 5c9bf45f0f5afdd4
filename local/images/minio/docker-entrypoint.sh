#!/bin/sh
# Starts the server; its arguments alone ("server /data"), or the name it had before the fork, are enough.
set -eu

case ${1:-silo} in
silo | minio) [ $# -eq 0 ] || shift ;;
-* | server | help) ;;
*) exec "$@" ;;
esac
exec silo "$@"
