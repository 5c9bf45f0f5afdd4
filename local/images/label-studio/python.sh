#!/bin/sh
# What Label Studio runs on: Python, nginx, and the user of the official image (1001 in group 0).
set -eu

apt-get update -qq
apt-get install -qq -y --no-install-recommends python3 python3-venv nginx-light
python3 -m compileall -qq -f --invalidation-mode unchecked-hash /usr/lib/python3.* /usr/lib/python3/dist-packages || true
useradd --uid 1001 --gid 0 --no-create-home --home-dir /label-studio --shell /bin/bash label-studio
