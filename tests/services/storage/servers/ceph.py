"""A Ceph cluster of one monitor, one disk in memory and one S3 gateway on 127.0.0.1, from Debian's packages.

Strict: conditional puts, credentials and signatures are honoured. It can't show what becomes of objects when it ends.
"""

import os
import shutil
import subprocess
import uuid
from contextlib import ExitStack, contextmanager

from tests.servers.process import free_port, running

PROGRAMS = ("ceph", "ceph-authtool", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin")
PACKAGES = "radosgw ceph-mon ceph-osd ceph-common ceph-base"

#: Who takes part, and in what everybody may do everything.
_KEYS = {
    "mon.": ("mon",),
    "client.admin": ("mon", "osd"),
    "osd.0": ("mon", "osd"),
    "client.rgw": ("mon", "osd"),
}
_CONFIGURATION = """[global]
fsid = {fsid}
mon_host = [v2:127.0.0.1:{monitor}]
public_addr = 127.0.0.1
auth_allow_insecure_global_id_reclaim = false
keyring = {folder}/keyring
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pg_autoscale_mode = off
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
osd_crush_chooseleaf_type = 0
run_dir = {folder}
log_file = {folder}/$name.log
admin_socket = {folder}/$name.asok
crash_dir = {folder}
mon_data = {folder}/mon
osd_data = {folder}/osd
osd_objectstore = memstore
memstore_device_bytes = 4294967296
paxos_propose_interval = 0.01
paxos_min_wait = 0.01
mon_tick_interval = 1
rgw_data = {folder}
rgw_enable_usage_log = false
rgw_frontends = beast endpoint=127.0.0.1:{gateway}
mgr_initial_modules =
"""


def missing():
    """Return the programs that are not installed."""
    return [name for name in PROGRAMS if shutil.which(name) is None]


@contextmanager
def gateway(folder, key_id, secret, patience=120.0):
    """Run a cluster in a folder of its own; gives the endpoint's URL."""
    monitor, port = free_port(), free_port()
    configuration = folder / "ceph.conf"
    fsid = str(uuid.uuid4())
    configuration.write_text(_CONFIGURATION.format(fsid=fsid, monitor=monitor, gateway=port, folder=folder))
    (folder / "mon").mkdir()
    (folder / "osd").mkdir()

    def run(*command):
        done = subprocess.run(
            [*command, "-c", str(configuration)], capture_output=True, text=True, check=False, timeout=patience
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-500:]}")
        return done.stdout

    monmap, keyring = str(folder / "monmap"), str(folder / "keyring")
    for name, services in _KEYS.items():
        rights = [word for service in services for word in ("--cap", service, "allow *")]
        create = [] if (folder / "keyring").exists() else ["--create-keyring"]
        subprocess.run(
            ["ceph-authtool", keyring, *create, "--gen-key", "-n", name, *rights], check=True, capture_output=True
        )
    address = f"[v2:127.0.0.1:{monitor}]"
    subprocess.run(
        ["monmaptool", "--create", "--clobber", "--addv", "a", address, "--fsid", fsid, monmap],
        check=True,
        capture_output=True,
    )
    run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", keyring)
    with ExitStack() as stack:

        def serve(*command, port=0):
            whole = [*command, "-f", "-c", str(configuration)]
            stack.enter_context(running(whole, folder / f"{command[0]}.out", port, patience))

        serve("ceph-mon", "-i", "a")
        disk = str(uuid.uuid4())
        run("ceph", "--connect-timeout", "60", "osd", "new", disk)
        run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", disk)
        serve("ceph-osd", "-i", "0")
        serve("radosgw", "-n", "client.rgw", port=port)
        run("radosgw-admin", "user", "create", "--uid", "rossi", "--display-name", "rossi", "--access-key", key_id,
            "--secret-key", secret, "--max-buckets", "0")  # fmt: skip
        yield f"http://127.0.0.1:{port}"


if __name__ == "__main__":
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as place, gateway(Path(place), "key", "secret") as url:
        print(url, "key id: key, secret: secret", flush=True)
        os.read(0, 1)
