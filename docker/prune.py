"""Take out of an environment what no container ever reads: ``prune.py PREFIX``.

Tests and C sources of packages, what compilers left for debuggers, and clients of services that rossi does not talk to
are half of an installed environment. What is left is then byte-compiled, since nothing can be written where it runs.
"""

import compileall
import re
import shutil
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from py_compile import PycInvalidationMode

#: Imported by astropy itself.
KEPT_TESTS = frozenset({"astropy/tests"})
#: S3, and what credentials of a role, of a workload identity and of a single sign-on come from.
KEPT_SERVICES = frozenset({"s3", "sts", "sso", "sso-oidc", "signin"})
#: Of Kubernetes' API, whose other sixty parts the client imports when they are asked for: Jobs and pods.
KEPT_APIS = frozenset({"__init__.py", "authorization_v1_api.py", "batch_v1_api.py", "core_v1_api.py"})
SOURCES = frozenset({".c", ".h", ".cpp", ".pxd", ".pyi", ".pyx"})
UNUSED = (
    # the asyncio twin of the Kubernetes client, and what it alone needs
    "kubernetes/aio",
    *("aiohappyeyeballs", "aiohttp", "aiohttp_retry", "aiosignal", "frozenlist", "multidict", "propcache", "yarl"),
    # lists of what a package installed, for its removal; what builds and tests other packages
    "*.dist-info/RECORD",
    *("numpy/distutils", "sqlalchemy/testing", "alembic/testing"),
    # Prefect's second set of pages: the first is where its logs lead to
    "prefect/server/ui-v2",
    # other astronomy than ours, and how the Earth was turned, which needs no time scale of ours
    "astropy_iers_data/data/eopc04.*",
    *("astropy/cosmology/data", "astropy/samp", "astropy/visualization"),
    # matplotlib's data for examples; of Pillow, all pictures but PNG, JPEG and TIFF, and its own way to write text
    "matplotlib/mpl-data/sample_data",
    *("PIL/_avif.*", "PIL/_imagingcms.*", "PIL/_imagingft.*", "PIL/_webp.*"),
    *(f"pillow.libs/lib{name}-*" for name in ("avif", "brotlicommon", "brotlidec", "freetype", "harfbuzz", "lcms2")),
    *(f"pillow.libs/lib{name}-*" for name in ("sharpyuv", "webp", "webpdemux", "webpmux")),
)
#: Hardly ever imported, or a few modules of many: these are read as they are.
UNCOMPILED = (
    *("anyio/_backends/_trio.py", "apprise", "astropy/(cosmology|nddata|stats|wcs)", "cffi", "cyclopts/completion"),
    *("dateparser", "docker", "fontTools", "fsspec/implementations", "key_value/aio/stores", "markdown"),
    *("matplotlib/backends/(backend_[gnptqw]|qt_)", "mpl_toolkits", "numpy/polynomial", "oauthlib"),
    *("pycparser", "pygments/lexers", "redis/commands/search", "rich_rst", "ruamel"),
    *("prefect/cli/transfer", "prefect/infrastructure", "prefect/server/database/_migrations", "prefect/workers"),
    *("sqlalchemy/dialects/(mssql|mysql|oracle)",),
)


def useless(site: Path) -> Iterator[Path]:
    """Yield folders and files below site-packages that can go."""
    for tests in site.rglob("tests"):
        if tests.is_dir() and tests.relative_to(site).as_posix() not in KEPT_TESTS:
            yield tests
    for service in (site / "botocore" / "data").glob("*/"):
        if service.is_dir() and service.name not in KEPT_SERVICES:
            yield service
    yield from needless(site / "kubernetes/client")
    yield from (path for path in site.rglob("*") if path.suffix in (*SOURCES, ".pyc") and path.is_file())
    for pattern in UNUSED:
        yield from site.glob(pattern)


def needless(client: Path) -> Iterator[Path]:
    """Yield what there is of the Kubernetes client for other parts of the API than ours."""
    todo = [client / "api" / name for name in KEPT_APIS if (client / "api" / name).exists()]
    needed = {*todo, client / "models" / "__init__.py"}
    while todo:
        for name in re.findall(r"^from kubernetes\.client\.models\.(\w+) import", todo.pop().read_text(), re.M):
            model = client / "models" / f"{name}.py"
            if model not in needed:
                needed.add(model)
                todo.append(model)
    yield from (path for folder in ("api", "models") for path in (client / folder).glob("*.py") if path not in needed)


def loaded_size(library: bytes) -> int:
    """Return how much of a 64-bit ELF file is ever loaded: all that its program headers name."""
    (headers,) = struct.unpack_from("<Q", library, 32)
    size, count = struct.unpack_from("<HH", library, 54)
    end = headers + size * count
    for number in range(count):
        offset, _, _, length = struct.unpack_from("<4Q", library, headers + number * size + 8)
        end = max(end, offset + length)
    return end


def strip(path: Path) -> None:
    """Cut off symbols for debuggers, which come last in a library, and the table of sections that leads to them."""
    library = bytearray(path.read_bytes())
    if library[:6] != b"\x7fELF\x02\x01":  # another format, or a text for the linker
        return
    del library[loaded_size(library) :]
    struct.pack_into("<Q", library, 40, 0)  # where the sections are
    struct.pack_into("<HH", library, 60, 0, 0)  # how many, and which holds their names
    path.write_bytes(library)


def prune(site: Path) -> None:
    """Remove what is useless, and byte-compile the rest."""
    for path in list(useless(site)):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for path in site.rglob("*.so*"):
        if path.is_file() and not path.is_symlink():
            strip(path)
    left_out = re.compile("/site-packages/(" + "|".join(UNCOMPILED) + ")")
    compileall.compile_dir(site, quiet=2, workers=0, rx=left_out, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)


if __name__ == "__main__":
    for folder in Path(sys.argv[1]).glob("lib/python3.*/site-packages"):
        prune(folder)
