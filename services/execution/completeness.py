"""Whether what was read of an observation is all of it, and each file once: the indices name what there should be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from rossi.archive import ObsID, parse_data_file
from rossi.contents import FOLDERS, Contents, Listed, least_share, read_contents
from rossi.facts import some_of
from services.contract import ARCHIVE, Caveat, File, Input, Inputs

#: Codes of caveats after which "no good time" is no finding, but damage of the observation's copy.
MISSING = frozenset({"files_missing", "index_missing"})
#: The input whose files name all others.
_INDEX = "index"
#: Files that a message names.
_NAMED = 4


@dataclass(frozen=True, slots=True)
class Examined:
    """Inputs without copies, and what is to be said of them."""

    inputs: Inputs
    caveats: tuple[Caveat, ...]


def examine(declared: Sequence[Input], obsid: str, inputs: Inputs, left_out: Collection[str] = ()) -> Examined:
    """Compare the archive's files that were read with the indices.

    A file that an index names and that is not there (nor a link that leads nowhere, a directory or a pipe in its place)
    is told with the part of the expected time that is left, one that no index names is told and used, and of files of
    the same content the one that an index names is taken. A stage without an input ``index`` is let alone.

    Parameters
    ----------
    declared : sequence of Input
        What the stage reads.
    obsid : str
    inputs : mapping
        Of it, what was there.
    left_out : collection of str
        Files that are there, but were not needed.
    """
    ours = [one for one in declared if one.source == ARCHIVE and one.name != _INDEX]
    if not any(one.name == _INDEX for one in declared):
        return Examined(inputs, ())
    folders = [folder for folder in FOLDERS.values() if any(f"{folder}/" in one.pattern for one in ours)]
    contents = read_contents({item.name: item for item in inputs.get(_INDEX, ())}, folders)
    kept, caveats = _without_copies(ours, inputs, contents)
    there = {_plain(item.name) for one in ours for item in kept.get(one.name, ())} | set(map(_plain, left_out))
    caveats = [*_of_obsid(obsid), *caveats, *_unknown(ours, contents)]
    said, kinds = set[str](), {path.partition("_")[0] for path in contents.files}
    for one in ours:
        listed = [f for f in contents.files.values() if one.matches(f.path) and f.path not in said]
        said |= {f.path for f in listed}
        if not all(f.path in there for f in listed):
            caveats += _missing(one, ours, listed, there)
        caveats += _unlisted([f.name for f in kept.get(one.name, ()) if f.name.partition("_")[0] in kinds], contents)
    return Examined(kept, tuple(caveats))


def _of_obsid(text: str) -> list[Caveat]:
    obsid = ObsID(text)
    return [Caveat(code=obsid.kind.value, message=obsid.meaning)] if obsid.meaning else []


def _plain(path: str) -> str:
    return path.removesuffix(".gz")


def _without_copies(
    declared: Sequence[Input], inputs: Inputs, contents: Contents
) -> tuple[dict[str, tuple[File, ...]], list[Caveat]]:
    kept: dict[str, tuple[File, ...]] = dict(inputs)
    caveats: dict[str, Caveat] = {}
    for one in declared:
        first: dict[tuple[str, int], list[File]] = defaultdict(list)
        if len(inputs.get(one.name, ())) < 2:
            continue
        for item in sorted(inputs[one.name], key=lambda f: (_plain(f.name) not in contents.files, f.name)):
            alike = first[item.name.partition("_")[0], item.size]
            same = next((other for other in alike if other.data == item.data), None)
            if same is None:
                alike.append(item)
            else:
                message = f"{item.name} has the content of {same.name} and is left out."
                caveats[item.name] = Caveat(code="same_file_twice", message=message)
        kept[one.name] = tuple(sorted(chain.from_iterable(first.values()), key=lambda f: f.name))
    return kept, list(caveats.values())


def _unknown(declared: Sequence[Input], contents: Contents) -> list[Caveat]:
    """Tell which folders can't be checked; HEXTE's monitors do not matter for others than HEXTE."""
    reasons: dict[str, list[str]] = {}
    for folder, reason in contents.unread.items():
        if _matters(folder, declared):
            reasons.setdefault(reason.rstrip("."), []).append(folder)
    return [
        Caveat(
            code="index_missing",
            message=f"{reason}; it can't be told whether files of {' and '.join(folders)}/ are missing.",
        )
        for reason, folders in reasons.items()
    ]


def _missing(one: Input, declared: Sequence[Input], listed: Sequence[Listed], there: set[str]) -> list[Caveat]:
    """Tell the files of an input that are missing, what matters to the stage apart from the rest."""
    caveats = []
    for code, matters in (("files_missing", True), ("monitors_missing", False)):
        some = [f for f in listed if _matters(f.path.partition("/")[0], declared) is matters]
        lost = [f for f in some if f.path not in there]
        if not lost:
            continue
        share, names = least_share(some, lost), some_of([f.path for f in lost], _NAMED)
        caveats.append(
            Caveat(
                code=code,
                message=f"{len(lost)} of {len(some)} files ({one.meaning}) that the indices name are not there: "
                f"{names}; of {share.kind}, {100 * share.part:.0f} % of the expected {share.expected:.0f} s is there.",
            )
        )
    return caveats


def _matters(folder: str, declared: Sequence[Input]) -> bool:
    return folder != "hexte" or any(one.pattern.startswith("hexte/") for one in declared)


def _unlisted(names: Sequence[str], contents: Contents) -> list[Caveat]:
    """Tell science files that no index names, of such as the indices name others of their kind."""
    return [
        Caveat(code="not_in_index", message=f"{name} is named by no index; it is used all the same.")
        for name in names
        if _plain(name) not in contents.files and _is_science(name)
    ]


def _is_science(path: str) -> bool:
    name = parse_data_file(path.rpartition("/")[2])
    return name is not None and name.kind == "S"


def what_is_missing(caveats: Sequence[Caveat], upstream: Mapping[str, Sequence[Caveat]]) -> str:
    """Return what caveats of a stage and of those that it reads from say of files that are missing; empty if none."""
    every = [*(caveat for those in upstream.values() for caveat in those), *caveats]
    return " ".join(dict.fromkeys(caveat.message for caveat in every if caveat.code in MISSING))
