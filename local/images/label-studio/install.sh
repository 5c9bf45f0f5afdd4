#!/bin/sh
# Label Studio from its locked requirements ($1), by uv (/mnt/tool), where the official image keeps it.
set -eu
home=/label-studio

mkdir -p "$home"
# Inside the layer, so that packages are linked from it and not copied.
export UV_CACHE_DIR="$home/.cache" UV_NO_PROGRESS=1
/mnt/tool venv --quiet --python /usr/bin/python3 "$home/.venv"
/mnt/tool pip sync --quiet --python "$home/.venv/bin/python3" --require-hashes "/mnt/input/$1"
rm -rf "$UV_CACHE_DIR"

packages=$("$home/.venv/bin/python3" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
# Side by side, as its settings look for the one beside the other.
ln -s "$packages/label_studio" "$packages/web" "$home/"
for package in label_studio numpy pandas pyarrow; do
    find "$packages/$package" -type d -name tests -prune -exec rm -rf {} +
done
find "$packages/label_studio" "$packages/web" -name '*.map' -delete
# Compiled once here, for the root file system is read-only where it runs. Not by time: all times in a layer are the same.
# A few packages carry files for other Python versions, which do not compile and are never imported.
"$home/.venv/bin/python3" -m compileall -qq -j 2 --invalidation-mode unchecked-hash "$packages" || true

install -d -o 1001 -g 0 -m 775 "$home/data" /opt/heartex/instance-data/etc
