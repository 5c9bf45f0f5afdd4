#!/bin/sh
# Label Studio from its locked requirements ($1), by uv (/mnt/tool), where the official image keeps it.
set -eu
home=/label-studio

mkdir -p "$home"
# Inside the layer, so that packages are linked from it and not copied.
export UV_CACHE_DIR="$home/.cache" UV_NO_PROGRESS=1
/mnt/tool venv --quiet --python python3 "$home/.venv"
/mnt/tool pip sync --quiet --python "$home/.venv/bin/python3" --require-hashes "/mnt/input/$1"
rm -rf "$UV_CACHE_DIR"

# Nothing is compiled in advance, as in the official image.
packages=$("$home/.venv/bin/python3" -Bc 'import sysconfig; print(sysconfig.get_path("purelib"))')
# Side by side, as its settings look for the one beside the other.
ln -s "$packages/label_studio" "$packages/web" "$home/"
for package in label_studio numpy pandas pyarrow; do
    find "$packages/$package" -type d -name tests -prune -exec rm -rf {} +
done
find "$packages/label_studio" "$packages/web" -name '*.map' -delete

install -d -o 1001 -g 0 -m 755 "$home/data" /opt/heartex/instance-data/etc
