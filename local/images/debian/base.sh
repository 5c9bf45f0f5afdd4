#!/bin/sh
# The layer below every image: a minimal Debian with its security updates and CA certificates, without documentation.
set -eu

cat > /etc/dpkg/dpkg.cfg.d/image <<'CONFIG'
path-exclude=/usr/share/doc/*
path-include=/usr/share/doc/*/copyright
path-exclude=/usr/share/man/*
path-exclude=/usr/share/info/*
path-exclude=/usr/share/locale/*
path-include=/usr/share/locale/locale.alias
path-exclude=/usr/share/lintian/*
force-unsafe-io
CONFIG
# Packages must not start what they install.
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d

apt-get update -qq
apt-get upgrade -qq -y
apt-get install -qq -y --no-install-recommends ca-certificates

find /usr/share/doc /usr/share/man /usr/share/info /usr/share/lintian -type f ! -name copyright -delete
find /usr/share/doc /usr/share/man /usr/share/info /usr/share/lintian -type l -delete
find /usr/share/locale -mindepth 1 -maxdepth 1 ! -name locale.alias -exec rm -rf {} +
find /usr/share/doc -type d -empty -delete
