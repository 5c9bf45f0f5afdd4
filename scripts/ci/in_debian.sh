#!/usr/bin/env bash
# Runs make targets as root in Debian 12 with Go, which the embedded platform is built for; runners are Ubuntu's.
# /var/lib/label-studio-local is a volume, since containerd's layers cannot lie on the overlay of a container.
set -euo pipefail
image=docker.io/library/golang:1.26-bookworm
cache=$HOME/.cache/label-studio-debian
mkdir -p "$cache"
status=0
docker run --rm --privileged --cgroupns private --hostname label-studio \
  --volume "$PWD:/project" --workdir /project --volume "$cache:/root/.cache" --env GOMODCACHE=/root/.cache/go-mod \
  --env LABEL_STUDIO_GENERATED_STACKS --volume /var/lib/label-studio-local --volume /lib/modules:/lib/modules:ro --tmpfs /run:exec \
  "$image" bash -euc '
    git config --global --add safe.directory /project
    apt-get update --quiet
    apt-get install --yes --quiet --no-install-recommends python3-venv make kmod procps
    make "$@"' bash "$@" || status=$?
# What root wrote must be readable for whoever saves the cache.
sudo chown --recursive "$(id --user):$(id --group)" "$cache"
exit "$status"
