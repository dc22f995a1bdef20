# Sourced by the scripts here that need containers: podman without a service, and images that stand in for the official
# ones where no registry of images can be reached. Needs root, and Debian's podman, buildah, runc, netavark, binutils and
# debootstrap. `work` is the caller's scratch folder.

python_base=docker.io/library/python:3.11-slim-bookworm
postgres_image=docker.io/library/postgres:17-bookworm
rclone_image=docker.io/rclone/rclone:1.75
debian_stand_in=localhost/stand-in-debian:bookworm

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
    buildah build --quiet --layers --format docker --isolation chroot --network host "${build_mounts[@]}" --tag "$tag" "$@" \
        "$context" > "$work/build.log" 2>&1 || { cat "$work/build.log"; return 1; }
}

have() { # have IMAGE: it is here, or could be pulled
    podman image exists "$1" || podman pull --quiet "$1" 2> /dev/null
}

debian_like_slim() {
    local root=$work/root
    debootstrap --variant=minbase --include=ca-certificates,libbz2-1.0,libffi8,liblzma5,libsqlite3-0,libssl3 bookworm "$root"
    rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/{man,info,locale,doc-base,lintian}/*
    find "$root/usr/share/doc" -type f ! -name copyright -delete
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
RUN ldconfig && python3 -m ensurepip && ln -sf pip3 /usr/local/bin/pip
DOCKERFILE
    rm -rf "$root"
}

need_python() {
    have "$python_base" && return
    podman image exists "$debian_stand_in" || debian_like_slim
    python_like_official
}
