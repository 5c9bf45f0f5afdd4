#!/bin/sh
# What Label Studio runs on: Python and nginx. The official image's user, 1001 in group 0, has no entry in /etc/passwd.
set -eu

apt-get update -qq
apt-get install -qq -y --no-install-recommends python3 python3-venv nginx-light
# Nothing is compiled in advance there, and PYTHONDONTWRITEBYTECODE keeps it so.
find /usr/lib/python3* /usr/share/python3 -type d -name __pycache__ -prune -exec rm -rf {} +
