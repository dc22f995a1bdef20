"""``python -m rossi.ftools``: docs/ftools.md."""

from rossi.ftools.describe import page

if __name__ == "__main__":
    print(page(), end="")
