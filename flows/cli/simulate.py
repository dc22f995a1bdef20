"""``rossi simulate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def command(
    out: Annotated[Path, typer.Option(help="Folder to make the archive in.")],
    observations: Annotated[int, typer.Option(min=1, help="How many.")] = 6,
    sources: Annotated[
        int, typer.Option(min=1, help="Of how many sources, by turns; several have names and places that are awkward.")
    ] = 1,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same files, byte by byte.")] = 1,
    crab: Annotated[bool, typer.Option("--crab", help="The Crab's spectrum and constant flux.")] = False,
    nh: Annotated[float | None, typer.Option(help="Hydrogen on the line of sight [1e22 / cm2].")] = None,
    index: Annotated[float | None, typer.Option(help="Photon index of the power law.")] = None,
    flux: Annotated[
        float | None, typer.Option(help="Mean flux from 2 to 10 keV, as it arrives [erg / cm2 / s].")
    ] = None,
    constant: Annotated[bool, typer.Option("--constant", help="The flux is the same at all times.")] = False,
    fast: Annotated[
        bool,
        typer.Option(
            help="Fast data too, by turns GoodXenon, binned, single-bit, events, none; with pulses, a QPO, bursts."
        ),
    ] = False,
    configurations: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME", help="Such fast data alone; may be given several times. As in --configurations goodxenon."
        ),
    ] = None,
) -> None:
    """Make a small archive of variable sources with known truth.

    Sources are power laws behind interstellar gas, folded through the responses of PCA and HEXTE; what is not asked
    for is drawn by the seed. A folder that holds another archive is refused; this one, or a part of it, is completed.

    Example: `rossi simulate --out archive --observations 6 --seed 1`

    A constant source: `rossi simulate --out flat --observations 1 --nh 0.5 --index 1.8 --flux 2e-9 --constant`

    Fast data too: `rossi simulate --out archive_fast --observations 5 --fast`
    """
    from rossi.errors import ConfigError
    from rossi.simulate import SourceSpectrum
    from rossi.simulate import crab as of_the_crab
    from rossi.simulate.fast.plan import BY_TURNS, named

    if crab and (nh, index, flux) != (None, None, None):
        raise ConfigError("--crab says which spectrum and flux; give it, or --nh, --index and --flux.")
    spectrum = of_the_crab() if crab else SourceSpectrum(nh, index, flux, constant)
    kinds = named(configurations) if configurations else BY_TURNS if fast else ()
    make(out, observations, seed, sources=sources, spectrum=spectrum, fast=kinds)
    print(f"Reduce them with: rossi campaign --config {out / 'rossi.toml'} --store store --out out")


def make(out: Path, observations: int, seed: int = 1, **what: Any) -> None:
    """Make an archive with its configuration; what else `simulate_archive` can be told is in `what`."""
    from rich.console import Console
    from rich.progress import Progress

    from flows.core.export import check_folder
    from rossi.facts import counted
    from rossi.simulate import simulate_archive

    check_folder(out)
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("Simulating", total=observations)
        simulate_archive(out, observations, seed, lambda _: progress.advance(bar), **what)
    _configure(out / "rossi.toml", _configuration(out))
    of = f" of {sources} sources" if (sources := what.get("sources", 1)) > 1 else ""
    print(f"{counted(observations)}{of} in {out}, the truth about them in {out / 'truth.json'}")


def _configure(path: Path, text: str) -> None:
    """Write the configuration; one that somebody edited stays."""
    if not path.exists():
        path.write_text(text)
    elif path.read_text() != text:
        typer.echo(f"{path} is not as it was made, and stays; remove it to have it made anew.", err=True)


def _configuration(out: Path) -> str:
    """Return a configuration that names the archive and its calibration files."""
    import tomlkit

    from rossi.simulate import BACKEST_FILE, BREAKDOWN_FILE, DEAD_TIME_FILE_A, DEAD_TIME_FILE_B, MODEL_FILE
    from rossi.simulate.calibration import response_settings

    folder = out.resolve() / "calibration"
    calibration = {"model": [str(folder / MODEL_FILE)], "saa": "NONE", "breakdown": str(folder / BREAKDOWN_FILE)}
    hexte = {"dead_time_a": DEAD_TIME_FILE_A, "dead_time_b": DEAD_TIME_FILE_B, "background_a": BACKEST_FILE}
    calibration |= {name: str(folder / file) for name, file in hexte.items()}
    calibration |= response_settings(folder)
    return tomlkit.dumps({"archive": str(out.resolve()), "calibration": calibration})
