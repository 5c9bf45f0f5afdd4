#!/bin/sh
# The same PostgreSQL for the user under whom CloudNativePG runs it (26, unless the Cluster says otherwise).
set -eu
usermod --uid 26 postgres
chown -R postgres:postgres /var/lib/postgresql /var/run/postgresql
