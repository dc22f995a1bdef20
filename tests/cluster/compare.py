"""Runs in the flow's pod: compares the products of the campaign on the cluster with those of a local one."""

import gzip
import sys

from astropy.io import fits

from flows.inventory import product_sets
from services.publication import output_key
from services.storage import open_store


def opened(data: bytes) -> fits.HDUList:
    """Open a FITS file, gzipped or not."""
    return fits.HDUList.fromstring(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)


def products(url: str) -> dict[str, bytes]:
    """Return every FITS product of the observations, by manifest and name."""
    store = open_store(url)
    sets = [entry for entry in product_sets(store) if entry.manifest.obsid]
    return {
        f"{entry.key}/{record.name}": store.get(output_key(entry.key, entry.manifest, record))
        for entry in sets
        for record in entry.manifest.outputs
    }


def main() -> None:
    """Compare two stores; exits with a sentence if they differ."""
    one, two = map(products, sys.argv[1:])
    if one.keys() != two.keys():
        sys.exit(f"Other products: {sorted(one.keys() ^ two.keys())[:5]}")
    for name, data in one.items():
        difference = fits.FITSDiff(opened(data), opened(two[name]), ignore_keywords=["DATE", "CHECKSUM", "DATASUM"])
        if not difference.identical:
            sys.exit(f"{name} differs:\n{difference.report()}")
    print(f"{len(one)} products are the same")


main()
