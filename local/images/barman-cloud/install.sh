#!/bin/sh
# Barman's cloud commands from their locked requirements ($1), by uv (/mnt/tool), for the sidecar of the backup plugin.
set -eu
home=/opt/barman-cloud

apt-get update -qq
# Since 3.20 Barman unpacks base backups by the program tar (plugin-barman-cloud #1090).
apt-get install -qq -y --no-install-recommends python3 tar
# Inside the layer, so that packages are linked from it and not copied.
export UV_CACHE_DIR=/opt/.cache UV_NO_PROGRESS=1
/mnt/tool venv --quiet --python /usr/bin/python3 "$home"
/mnt/tool pip sync --quiet --python "$home/bin/python3" --require-hashes "/mnt/input/$1"
rm -rf "$UV_CACHE_DIR"

# Compiled once here, for the root file system is read-only where it runs. Not by time: all times in a layer are the same.
"$home/bin/python3" -m compileall -qq -f --invalidation-mode unchecked-hash /usr/lib/python3.* "$home/lib" || true
