#!/bin/sh
# PostgreSQL of the major version $1 with its contrib modules. Just-in-time compilation is left out: LLVM would be half of
# the image, and the server falls back by itself where the provider's library is absent.
set -eu
major=$1

groupadd --system --gid 999 postgres
useradd --system --uid 999 --gid postgres --home-dir /var/lib/postgresql --shell /bin/bash postgres
mkdir -p /etc/postgresql-common
echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf

apt-get update -qq
# libnss-wrapper: initdb looks its user up, and a pod may give any uid.
apt-get install -qq -y --no-install-recommends "postgresql-$major" libnss-wrapper locales zstd xz-utils

localedef -i en_US -c -f UTF-8 -A /usr/share/locale/locale.alias en_US.UTF-8
rm -rf /usr/share/i18n "/usr/lib/postgresql/$major/lib/bitcode"
rm -f /usr/lib/postgresql/$major/lib/llvmjit* /usr/lib/*/libLLVM* /usr/lib/*/libz3.so*
# Of Debian's certificates, which the official image starts without.
rm -f /usr/bin/c_rehash /usr/sbin/update-ca-certificates
# A package made a key pair for nobody.
rm -f /etc/ssl/private/* /etc/ssl/certs/ssl-cert-snakeoil.pem

sed -i "s/^#listen_addresses = 'localhost'/listen_addresses = '*'/" "/usr/share/postgresql/$major/postgresql.conf.sample"
grep -q "^listen_addresses = '\*'" "/usr/share/postgresql/$major/postgresql.conf.sample"
mkdir /docker-entrypoint-initdb.d
# Any uid that a pod gives may keep its data and its socket here.
install -d -o postgres -g postgres -m 1777 /var/lib/postgresql /var/lib/postgresql/data /var/run/postgresql
