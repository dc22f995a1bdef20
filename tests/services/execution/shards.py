"""What tests of shards have in common: see the fixture `shard`."""

from services.execution import worker
from services.storage import open_archive
from services.storage.outputs import read_outputs
from services.storage.publication import read_manifest

OBSIDS = ("20402-01-45-03", "20402-01-45-05", "91401-02-03-00", "91401-02-03-01")


def with_store(monkeypatch, shard, wrapped):
    monkeypatch.setattr(worker, "open_places", lambda _: (open_archive(shard.archive), wrapped))
    return wrapped


def outcomes(results):
    return [result.outcome for result in results]


def products(store):
    """What a reader sees, without what says when it was made."""
    seen = {}
    for info in store.list():
        if info.key.endswith("/manifest.json"):
            manifest = read_manifest(store, info.key)
            for record in manifest.outputs:
                (file,) = read_outputs(store, info.key, manifest, record.output)
                seen[f"{manifest.obsid}/{manifest.stage}/{file.name}"] = file.data.split()[0]
    return seen
