#!/bin/sh
# One static binary and the list of its commands; the image takes nothing else from here.
set -eu
apt-get update -qq
apt-get install -qq -y --no-install-recommends busybox-static
busybox --list > /usr/share/busybox-commands
