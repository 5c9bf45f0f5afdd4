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

# CUSTOM_CA_CERTS names certificate files, separated by commas, which join the public ones.
configure_certificates() {
    if [[ -z ${CUSTOM_CA_CERTS:-} ]]; then
        return
    fi
    local bundle=$OPT_DIR/custom_certs_bundle/cacert.pem certificate certificates
    mkdir -p "$(dirname "$bundle")"
    cat "$(python3 -m certifi)" > "$bundle"
    IFS=, read -r -a certificates <<< "$CUSTOM_CA_CERTS"
    for certificate in "${certificates[@]}"; do
        { echo; cat "$certificate"; } >> "$bundle"
    done
    export REQUESTS_CA_BUNDLE=$bundle SSL_CERT_FILE=$bundle
}

prepare() {
    configure_certificates
    if [[ -n ${POSTGRE_HOST:-} ]]; then
        configure_database_tls
        python3 "$home/deploy/wait_for_database.py"
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

# The directives that depend on where the container runs; nginx.conf includes them.
configure_nginx() {
    local folder=$OPT_DIR/nginx path=${LABEL_STUDIO_HOST:-}
    mkdir -p "$folder"
    cp "$home/deploy/nginx.conf" "$folder/nginx.conf"
    # IPv6 addresses stand in brackets in nginx's resolver directive.
    awk '$1 == "nameserver" { list = list " " ($2 ~ /:/ ? "[" $2 "]" : $2) } END { print "resolver" list ";" }' \
        /etc/resolv.conf > "$folder/resolver.conf"
    echo "server ${APP_HOST:-app}:8000;" > "$folder/application.conf"
    : > "$folder/tls.conf"
    if [[ -n ${NGINX_SSL_CERT:-} ]]; then
        printf '%s;\n' 'listen 8086 ssl' "ssl_certificate $NGINX_SSL_CERT" "ssl_certificate_key $NGINX_SSL_CERT_KEY" \
            > "$folder/tls.conf"
    fi
    # Served below a path: https://host/path -> /path
    path=${path#*://}
    if [[ $path == */?* ]]; then
        path=/${path#*/}
        printf 'location %s/ {\n    proxy_pass http://application/;\n}\n' "${path%/}" > "$folder/location.conf"
    else
        printf 'location / {\n    proxy_pass http://application;\n}\n' > "$folder/location.conf"
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
