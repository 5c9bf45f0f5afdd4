#!/bin/bash
# What the official image has besides its own programs (Alpine): the commands of busybox, bash, and musl's ldconfig, which
# Python's ctypes asks. A command that works here is there too.
set -eu

apt-get update -qq
apt-get install -qq -y --no-install-recommends busybox-static
declare -A kept
# Debian's build of busybox has commands that Alpine's has not.
for name in bash ldconfig nginx python3 $(busybox --list | grep -vxE 'busybox|dpkg|dpkg-deb|rpm|ar'); do
    for file in /usr/bin/"$name" /usr/sbin/"$name"; do
        [[ ! -e $file ]] || kept[$file]=1 kept[$(readlink -f "$file")]=1
    done
done
for file in /usr/bin/* /usr/sbin/*; do
    [[ -n ${kept[$file]:-} ]] || rm -f "$file"
done
