#!/bin/bash
# Starts PostgreSQL under the contract of the official image: the variables POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB
# and POSTGRES_INITDB_ARGS (each also as *_FILE), POSTGRES_INITDB_WALDIR, POSTGRES_HOST_AUTH_METHOD and PGDATA, and the
# scripts in /docker-entrypoint-initdb.d, all of which count only while PGDATA is empty. As docker-ensure-initdb.sh, for
# init containers, it does no more than that. The server inherits what was read from files, as with the official image.
set -Eeuo pipefail

# Sets the variable $1 from itself, from the file that $1_FILE names, or to $2.
from_file() {
    local file=$1_FILE
    if [[ -n ${!1:-} && -n ${!file:-} ]]; then
        echo "set $1 or $file, not both" >&2
        exit 1
    fi
    local value=${!1:-${2:-}}
    if [[ -n ${!file:-} ]]; then
        value=$(< "${!file}")
    fi
    export "$1=$value"
    unset "$file"
}

# initdb refuses a uid that has no name, so such a uid gets one for as long as the set-up runs.
name_user() {
    if getent passwd "$(id -u)" > /dev/null; then
        return
    fi
    NSS_WRAPPER_PASSWD=$(mktemp)
    NSS_WRAPPER_GROUP=$(mktemp)
    echo "postgres:x:$(id -u):$(id -g):PostgreSQL:$PGDATA:/bin/false" > "$NSS_WRAPPER_PASSWD"
    echo "postgres:x:$(id -g):" > "$NSS_WRAPPER_GROUP"
    export NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP LD_PRELOAD=libnss_wrapper.so
}

unname_user() {
    if [[ -n ${NSS_WRAPPER_PASSWD:-} ]]; then
        rm -f "$NSS_WRAPPER_PASSWD" "$NSS_WRAPPER_GROUP"
        unset LD_PRELOAD NSS_WRAPPER_PASSWD NSS_WRAPPER_GROUP
    fi
}

initialize() {
    local method=${POSTGRES_HOST_AUTH_METHOD:-}
    if [[ -z $POSTGRES_PASSWORD && $method != trust ]]; then
        echo "POSTGRES_PASSWORD (or POSTGRES_PASSWORD_FILE) must be set to initialize the database" >&2
        exit 1
    fi
    name_user
    local arguments=()
    if [[ -n ${POSTGRES_INITDB_WALDIR:-} ]]; then
        arguments+=(--waldir "$POSTGRES_INITDB_WALDIR")
    fi
    # Quotes inside POSTGRES_INITDB_ARGS count, as in the official image.
    eval 'initdb --username="$POSTGRES_USER" --pwfile=<(printf "%s\n" "$POSTGRES_PASSWORD") "${arguments[@]}"' \
        "${POSTGRES_INITDB_ARGS:-}"
    unname_user
    if [[ -z $method ]]; then
        method=$(postgres -C password_encryption "$@")
    fi
    printf '\nhost all all all %s\n' "$method" >> "$PGDATA/pg_hba.conf"
}

sql() {
    psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --no-password --no-psqlrc "$@"
}

run_scripts() {
    local file
    for file in /docker-entrypoint-initdb.d/*; do
        echo "$0: $file"
        case $file in
        *.sh)
            if [[ -x $file ]]; then
                "$file"
            else
                # shellcheck disable=SC1090
                . "$file"
            fi
            ;;
        *.sql) sql --dbname "$POSTGRES_DB" -f "$file" ;;
        *.sql.gz) gunzip -c "$file" | sql --dbname "$POSTGRES_DB" ;;
        *.sql.xz) xzcat "$file" | sql --dbname "$POSTGRES_DB" ;;
        *.sql.zst) zstd -dc "$file" | sql --dbname "$POSTGRES_DB" ;;
        esac
    done
}

# Only the socket answers until everything is set up. The arguments are those of the server to come.
set_up() {
    local options
    options=$(printf '%q ' "$@" -c listen_addresses= -p "${PGPORT:-5432}")
    pg_ctl -D "$PGDATA" -o "$options" -w start
    export PGPASSWORD=$POSTGRES_PASSWORD PGHOST=
    if [[ $POSTGRES_DB != postgres ]]; then
        printf 'CREATE DATABASE :"db";\n' | sql --dbname postgres --set db="$POSTGRES_DB"
    fi
    run_scripts
    unset PGPASSWORD PGHOST
    pg_ctl -D "$PGDATA" -m fast -w stop
}

# Asks the server for something other than to serve (postgres --help, -V, -C name ...).
is_question() {
    local argument
    for argument in "$@"; do
        case $argument in
        -'?' | --help | --describe-config | -V | --version | -C) return 0 ;;
        esac
    done
    return 1
}

if [[ ${1:--} == -* ]]; then
    set -- postgres "$@"
fi
if [[ $1 == postgres ]] && ! is_question "$@"; then
    mkdir -p "$PGDATA"
    if [[ $(id -u) == 0 ]]; then
        chown -R postgres: "$PGDATA" /var/run/postgresql
        exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
    fi
    chmod 00700 "$PGDATA" 2> /dev/null || true
    from_file POSTGRES_PASSWORD
    from_file POSTGRES_USER postgres
    from_file POSTGRES_DB "$POSTGRES_USER"
    from_file POSTGRES_INITDB_ARGS
    if [[ ! -s $PGDATA/PG_VERSION ]]; then
        shopt -s nullglob
        initialize "${@:2}"
        set_up "${@:2}"
        echo "$0: PostgreSQL is set up"
    fi
    if [[ ${0##*/} == docker-ensure-initdb.sh ]]; then
        exit 0
    fi
fi
exec "$@"
