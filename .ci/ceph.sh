# Sourced: installs Ceph, whose gateway is one of the S3 servers of the tests, where that is possible. Debian has it.
if ! command -v radosgw > /dev/null && [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    { apt-get update --quiet=2 && DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 --no-install-recommends \
        radosgw ceph-mon ceph-osd ceph-common ceph-base > /dev/null; } || echo "Ceph can't be installed here."
fi
