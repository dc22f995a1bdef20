"""Nights of an archive in a store, of manifests and payload as small as can be: what prune and releases look at."""

import datetime
import hashlib
import json
import time
from dataclasses import dataclass, field

from services.contract import File, InputRecord, Manifest, Outcome, Outputs, StageResult
from services.contract.seal import seal
from services.storage.base import key_of
from services.storage.prune import PruneConfig, find_prunable, sweep
from services.storage.publication import manifest_key, new_manifest, publish
from services.storage.releases import publish_release, source_of

OBSIDS = [f"20402-01-4{n}-00" for n in range(3)]
DAY = 86400.0


def digest(*parts):
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()


def stamp(when, form="%Y-%m-%dT%H:%M:%S+00:00"):
    return time.strftime(form, time.gmtime(when))


class Aged:
    """A store whose objects were written at a time that the test says."""

    def __init__(self, store):
        self.store, self.now, self.written = store, 1.7e9, {}

    def __getattr__(self, name):
        return getattr(self.store, name)

    def put(self, key, data):
        created = self.store.put(key, data)
        if created:
            self.written[key] = self.now
        return created

    def put_in_order(self, contents):
        return [self.put(*content) for content in contents]

    def put_contents(self, contents):
        return [self.put(*content) for content in contents]

    def delete(self, key):
        self.written.pop(key, None)
        self.store.delete(key)

    def delete_all(self, keys):
        gone = list(keys)
        for key in gone:
            self.written.pop(key, None)
        self.store.delete_all(gone)

    def list(self, prefix=""):
        for info in self.store.list(prefix):
            yield type(info)(info.key, info.size, self.written.get(info.key, self.now))


@dataclass
class Archive:
    """What runs leave below a prefix.

    Two stages: `second` is made from `first`. `data` says in which version each observation is.
    """

    store: object
    prefix: str = "run"
    data: dict = field(default_factory=dict)
    config: int = 1
    #: Bytes of a file of an observation's stage; of what is merged, for each observation.
    size: int = 10
    merged: int = 10

    @property
    def now(self):
        return self.store.now

    def stage(self, stage, obsid, inputs, *, config=None, size=10):
        """Run a stage as the executor does: reuse, or publish; returns the key of its manifest."""
        config = {"config": self.config} if config is None else config
        fingerprint = digest(stage, obsid, config, list(map(repr, inputs)))
        key = manifest_key(key_of(self.prefix, "/".join(filter(None, (obsid, stage, fingerprint)))))
        if self.store.head(key) is None:
            outputs = Outputs({"x": (File(f"{stage}.txt", b"." * size + fingerprint.encode()),)})
            made = new_manifest(stage, obsid, fingerprint, config, inputs, outputs, 0.1)
            made = made.model_copy(update={"created": stamp(self.now)})
            publish(self.store, key.rpartition("/")[0], made, outputs.files)
        return key

    def observation(self, obsid):
        """Run both stages; returns their manifests' keys."""
        raw = InputRecord(input="data", path="pca/1", size=1, identity="sha256:" + digest(obsid, self.data[obsid]))
        first = self.stage("first", obsid, [raw], config={}, size=self.size)
        made = InputRecord(input="made", path="first/first.txt", size=1, identity=first.split("/")[-2])
        return [first, self.stage("second", obsid, [made], size=self.size)]

    def failure(self, obsid, stage="first", when=None):
        """Leave the record of a failure, as the executor does."""
        document = StageResult(
            stage=stage, obsid=obsid, outcome=Outcome.FAILED, message=f"{self.now}"
        ).model_dump_json()
        name = f"{stamp(self.now if when is None else when, '%Y%m%dT%H%M%S')}-{digest(document)}.json"
        name = name.replace(digest(document), hashlib.sha256(document.encode()).hexdigest())
        key = key_of(self.prefix, f"{obsid}/{stage}/failures/{name}")
        self.store.put(key, document.encode())
        return key

    def orphan(self, obsid, stage="first"):
        """Leave the payload of an attempt that was killed before its manifest."""
        folder = "/".join(filter(None, (obsid, stage)))
        key = key_of(self.prefix, f"{folder}/{digest('killed', self.now)}/{digest(self.now)[:16]}/x.txt")
        self.store.put(key, b"orphan")
        return key

    def query(self):
        """List the observations."""
        rows = InputRecord(input="rows", path="list", size=1, identity=digest(sorted(self.data), self.now))
        return self.stage("query", "", [rows], config={"by": "position"})

    def merge(self, keys):
        """Join, with the index of products, as the stage does; returns the manifest's key."""
        records = [InputRecord(input="observation", path=key, size=1, identity=digest(key)) for key in keys]
        key = self.stage("merge", "", records, config={"title": "All"}, size=self.merged * len(self.data))
        stages = {
            key.split("/")[-4]: {"stages": {k.split("/")[-3]: {"manifest": k} for k in keys if key}} for key in keys
        }
        content = {"merge": key, "observations": stages, "seal": ""}
        self.store.put(key_of(self.prefix, f"products/{key.split('/')[-2]}.json"), seal(json.dumps(content).encode()))
        return key

    def run(self, *, publish=True):
        """A whole run; returns the release, and the keys of what it is of."""
        self.query()
        keys = [key for obsid in sorted(self.data) for key in self.observation(obsid)]
        merged = self.merge(keys)
        if not publish:
            return None, [merged, *keys]
        return self.publish(merged, keys), [merged, *keys]

    def publish(self, merged, keys):
        manifest = Manifest.model_validate_json(self.store.get(merged))
        source = source_of(self.store, self.prefix, "All", "all", (merged, manifest), len(self.data), keys)
        now = datetime.datetime.fromtimestamp(self.now, datetime.UTC)
        return publish_release(self.store, self.prefix, [source], now=now)


def night(archive, *changed, days=1.0):
    """Time goes on, some observations have other data, and the archive is reprocessed."""
    archive.store.now += days * DAY
    for obsid in changed:
        archive.data[obsid] += 1
    return archive.run()


def prune(archive, keep=3, days=7.0, **more):
    """What was removed: how many objects of each kind."""
    found = find_prunable(archive.store, archive.prefix, PruneConfig(keep=keep, days=days), now=archive.now, **more)
    sweep(archive.store, archive.prefix, found)
    return {kind: number for kind, (number, _) in found.by_kind().items() if number}
