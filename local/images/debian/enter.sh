#!/bin/sh
# Runs one recipe in a chroot over an overlay: enter.sh <lower dirs> <upper dir> <scratch dir> <input dir> <command> ...
# It must be started in a mount and PID namespace of its own (sandbox.py), so that however it ends no mount and no
# process stays. APT_SOURCES lists the archives; APT_LISTS is the folder where their indexes outlive the recipe.
set -eu
lower=$1 upper=$2 scratch=$3 input=$4
shift 4
root=$scratch/root

mount --make-rprivate /
mkdir -p "$root" "$scratch/work"
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$upper,workdir=$scratch/work,redirect_dir=off,metacopy=off" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/var/cache/apt"
mount --bind "$APT_LISTS" "$root/var/lib/apt/lists"
mount --bind /etc/resolv.conf "$root/etc/resolv.conf"
mount --bind "$APT_SOURCES" "$root/etc/apt/sources.list"
# Below /mnt nothing of what the recipe is given reaches the layer.
mount -t tmpfs tmpfs "$root/mnt"
mkdir "$root/mnt/input"
mount --bind -o ro "$input" "$root/mnt/input"
[ -z "${TOOL:-}" ] || install "$TOOL" "$root/mnt/tool"
if [ -n "${SSL_CERT_FILE:-}" ]; then
    cp "$SSL_CERT_FILE" "$root/mnt/ca.crt"
    export SSL_CERT_FILE=/mnt/ca.crt
fi

chroot "$root" "$@"

find "$root/var/log" -xdev -type f -delete
rm -rf "$root"/var/cache/ldconfig/* "$root"/var/cache/debconf/*-old "$root"/var/lib/dpkg/*-old "$root"/root/.cache
