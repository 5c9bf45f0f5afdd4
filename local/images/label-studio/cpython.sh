#!/bin/sh
# What Label Studio runs on where Debian lacks its Python: nginx, and the Python of an archive (/mnt/tool) of JavaCPP's
# presets, laid out as the Docker official image of Python has it. The user 1001 has no entry in /etc/passwd.
set -eu

apt-get update -qq
# The libraries that its modules and uWSGI are linked with and that a minimal Debian lacks.
apt-get install -qq -y --no-install-recommends nginx-light libexpat1 libncursesw6 libreadline8 libsqlite3-0
cd /tmp
apt-get download -qq unzip
dpkg-deb -x unzip_*.deb .
usr/bin/unzip -q /mnt/tool 'org/bytedeco/cpython/*'
cd org/bytedeco/cpython/linux-*

# As the official image: no tests, and links without a number. Nothing comes compiled.
find lib -depth -type d \( -name test -o -name tests -o -name idle_test \) -exec rm -rf {} +
rm bin/c_rehash
for name in idle pip pydoc python; do
    ln -s "${name}3" "bin/$name"
done
ln -sf python3.12 bin/python3
ln -s python3-config bin/python-config
chmod 755 bin/* lib/python3.12/lib-dynload/*
# Where its makers built it, which is written into scripts, sysconfig and OpenSSL.
built=$(sed -n '1s|^#!\(.*\)/bin/python3.12$|\1|p' bin/pip3)
grep -rlIF "$built" bin lib/python3.12 | xargs sed -i "s|$built|/usr/local|g"
# OpenSSL is part of the modules: it gets the settings and certificates of Debian's, by names that end in zeros.
perl -0777 -pi -e 's{\Q'"$built"'\E/ssl([^\0]*)}{$new = "/usr/lib/ssl$1"; $new . "\0" x (length($&) - length($new))}ge' \
    lib/python3.12/lib-dynload/*.so

cp -a bin include /usr/local/
cp -a lib/python3.12 libpython3.12.so.1.0 /usr/local/lib/
# Of a version that Debian 12 does not have; modules look beside themselves first.
cp -a libffi.so.7 /usr/local/lib/python3.12/lib-dynload/
