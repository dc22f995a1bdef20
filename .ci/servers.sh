# Sourced: installs, where that is possible, servers that tests start and that no Python package carries: Ceph, whose
# gateway is one of the S3 servers, and PostgreSQL. Debian has both.
need_server() { # need_server COMMAND PACKAGE...: install the packages unless the command is there
    [ -n "$(find /usr/bin /usr/lib/postgresql -name "$1" -print -quit 2> /dev/null)" ] && return
    { [ "$(id -u)" = 0 ] && apt-get update --quiet=2 \
        && DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 --no-install-recommends "${@:2}" > /dev/null; } \
        || echo "$2 can't be installed here; its tests are skipped."
}
need_server radosgw radosgw ceph-mon ceph-osd ceph-common ceph-base
need_server initdb postgresql
