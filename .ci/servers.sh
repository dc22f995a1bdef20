# Installs, where that is possible, what no Python package carries and Debian has: servers that tests start (Ceph, whose
# gateway is one of the S3 servers, and PostgreSQL), a browser, and what builds and runs images.
missing=()
need() { # need COMMAND PACKAGE...: the packages, unless the command is there
    [ -n "$(find /usr/bin /usr/lib/postgresql -name "$1" -print -quit 2> /dev/null)" ] || missing+=("${@:2}")
}
need radosgw radosgw ceph-mon ceph-osd ceph-common ceph-base
need initdb postgresql
need chromium chromium
need podman podman buildah runc netavark aardvark-dns iptables debootstrap binutils
[ "${#missing[@]}" = 0 ] || { [ "$(id -u)" = 0 ] && apt-get update --quiet=2 \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 --no-install-recommends "${missing[@]}" > /dev/null; } \
    || echo "These can't be installed here, and what needs them is left out: ${missing[*]}"
