#!/bin/bash
# Starts a container of Label Studio under the contract of the official image:
#   nginx                 the proxy, on 8085, before the application at APP_HOST:8000
#   label-studio-uwsgi    migrations, first user, then the application on 8000
#   label-studio-migrate  migrations alone
#   anything else         is executed as it is (label-studio serves on 8080)
# It writes below OPT_DIR and /tmp only, so that the root file system may be read-only.
set -Eeuo pipefail

home=/label-studio
manage=(python3 "$home/label_studio/manage.py")

log() {
    echo "entrypoint: $*" >&2
}

# Copies a certificate or key to where libpq accepts its owner and mode (a mounted Secret has neither) and exports $1.
keep_certificate() {
    local variable=$1 source=$2 folder=$OPT_DIR/_pg_ssl_certs
    install -d -m 700 "$folder"
    install -m 600 "$source" "$folder/"
    export "$variable=$folder/$(basename "$source")"
}

# POSTGRE_SSL_MODE and its files become libpq's variables, which Django's driver reads.
configure_database_tls() {
    local mode=${POSTGRE_SSL_MODE:-}
    case $mode in
    disable | allow | prefer | require) export PGSSLMODE=$mode ;;
    verify-ca | verify-full)
        if [[ -z ${POSTGRE_SSLROOTCERT:-} ]]; then
            log "POSTGRE_SSL_MODE=$mode needs POSTGRE_SSLROOTCERT"
            exit 1
        fi
        if [[ $mode == verify-full && (-z ${POSTGRE_SSLCERT:-} || -z ${POSTGRE_SSLKEY:-}) ]]; then
            log "POSTGRE_SSL_MODE=verify-full needs POSTGRE_SSLCERT and POSTGRE_SSLKEY (or set PGSSLMODE itself)"
            exit 1
        fi
        export PGSSLMODE=$mode
        keep_certificate PGSSLROOTCERT "$POSTGRE_SSLROOTCERT"
        [[ -z ${POSTGRE_SSLCERT:-} ]] || keep_certificate PGSSLCERT "$POSTGRE_SSLCERT"
        [[ -z ${POSTGRE_SSLKEY:-} ]] || keep_certificate PGSSLKEY "$POSTGRE_SSLKEY"
        ;;
    esac
}

# CUSTOM_CA_CERTS names certificate files, separated by commas, which join the public ones: once in the life of a pod.
# A file that is missing is no reason to stop.
configure_certificates() {
    local bundle=$OPT_DIR/custom_certs_bundle/cacert.pm certificate certificates
    if [[ -n ${CUSTOM_CA_CERTS:-} && ! -f $bundle ]]; then
        mkdir -p "$(dirname "$bundle")"
        cat "$(python3 -m certifi)" > "$bundle"
        IFS=, read -r -a certificates <<< "$CUSTOM_CA_CERTS"
        for certificate in "${certificates[@]}"; do
            if [[ -f $certificate ]]; then
                { echo; cat "$certificate"; } >> "$bundle"
            else
                log "there is no certificate file $certificate"
            fi
        done
    fi
    if [[ -f $bundle ]]; then
        export REQUESTS_CA_BUNDLE=$bundle SSL_CERT_FILE=$bundle
    fi
}

# Waits for ever.
prepare() {
    configure_certificates
    if [[ -n ${POSTGRE_HOST:-} ]]; then
        configure_database_tls
        until python3 "$home/deploy/wait_for_database.py"; do
            sleep 1
        done
    fi
}

migrate() {
    if [[ -z ${POSTGRE_HOST:-} || ${SKIP_DB_MIGRATIONS:-} == true ]]; then
        log "no migrations to run here"
        return
    fi
    log "running migrations"
    "${manage[@]}" locked_migrate
}

# /etc/nginx/nginx.conf with what depends on where the container runs: the resolver in a file beside it, APP_HOST in place
# of localhost, and the path of LABEL_STUDIO_HOST (https://host/path) before each location that is a plain folder.
configure_nginx() {
    local folder=$OPT_DIR/nginx path=${LABEL_STUDIO_HOST:-}
    mkdir -p "$folder"
    cp -f /etc/nginx/nginx.conf "$folder/nginx.conf"
    # IPv6 addresses stand in brackets in nginx's resolver directive.
    awk '$1 == "nameserver" { list = list " " ($2 ~ /:/ ? "[" $2 "]" : $2) } END { print "resolver" list ";" }' \
        /etc/resolv.conf > "$folder/resolv.conf"
    sed -i "s|localhost|${APP_HOST:-app}|g" "$folder/nginx.conf"
    path=${path#*://}
    if [[ ${path%/} == */* ]]; then
        path=${path%/}
        sed -i "s|^\( *location /\)|\1${path#*/}/|" "$folder/nginx.conf"
    fi
}

run() {
    # Word splitting is the contract of CMD_WRAPPER.
    # shellcheck disable=SC2086
    exec ${CMD_WRAPPER:-} "$@"
}

if [[ -n ${ENV_INJECT_SOURCES:-} ]]; then
    IFS=, read -r -a sources <<< "$ENV_INJECT_SOURCES"
    for source in "${sources[@]}"; do
        # shellcheck disable=SC1090
        [[ ! -f $source ]] || . "$source"
    done
fi

case ${1:-} in
nginx)
    configure_nginx
    exec nginx -c "$OPT_DIR/nginx/nginx.conf"
    ;;
label-studio-uwsgi)
    prepare
    migrate
    log "label-studio init"
    label-studio init -q
    run uwsgi --ini "$home/deploy/uwsgi.ini"
    ;;
label-studio-migrate)
    prepare
    exec "${manage[@]}" locked_migrate
    ;;
*) run "$@" ;;
esac
