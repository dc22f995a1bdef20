"""Who may use Prefect's server: whoever has the auth string that `rossi up` makes.

Without one, any page in a browser of this machine, and any other user of it, could start campaigns that write where
they choose. The string lies in a file that only its owner can read; `rossi`'s own processes and commands find it there.
"""

from __future__ import annotations

import base64
import os
import secrets
import urllib.error
import urllib.request
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path

from flows.desktop.processes import Machine, default_folder
from rossi.errors import ConfigError

#: What Prefect's server asks for, and what its clients show.
ASKED, SHOWN = "PREFECT_SERVER_API_AUTH_STRING", "PREFECT_API_AUTH_STRING"
_CORS = "PREFECT_SERVER_CORS_ALLOWED_ORIGINS"
#: Where the pages' browser signs in; the string stands behind a #, which no browser sends.
SIGN_IN = "/sign-in"
_PATIENCE = 10.0


def auth_file(folder: Path) -> Path:
    """Return the file of the auth string, in the folder of `rossi up`."""
    return folder / "prefect-auth"


def auth_string(folder: Path) -> str:
    """Return the auth string of `rossi up`, made at its first start; the user's own, if the environment has one."""
    path = auth_file(folder)
    given = os.environ.get(ASKED) or os.environ.get(SHOWN)
    if given or not path.exists():
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as stream:
            stream.write(given or f"rossi:{secrets.token_urlsafe(24)}")
    path.chmod(0o600)
    return path.read_text().strip()


def restricted(auth: str, port: int) -> dict[str, str]:
    """Return the environment of a server at a port of this machine, and of its clients: nobody else may ask it."""
    pages = f"http://127.0.0.1:{port},http://localhost:{port}"
    return {ASKED: auth, SHOWN: auth, _CORS: pages}


def find_auth(url: str) -> None:
    """Set the auth string for the server that `rossi up` has started at this address of an API, if it has.

    One in the environment is left as it is.
    """
    folder = default_folder()
    if os.environ.get(SHOWN) or not auth_file(folder).exists():
        return
    if any(f"{one.about}/api" == url.rstrip("/") for one in Machine(folder).running() if one.about):
        os.environ[SHOWN] = auth_string(folder)


def check_auth(url: str) -> None:
    """Ask a server whether it lets us.

    Raises
    ------
    ConfigError
        If it does not.
    """
    request = urllib.request.Request(f"{url.rstrip('/')}/admin/version")
    if auth := os.environ.get(SHOWN):
        request.add_header("Authorization", f"Basic {base64.b64encode(auth.encode()).decode()}")
    try:
        urllib.request.urlopen(request, timeout=_PATIENCE).close()
    except urllib.error.HTTPError as error:
        if error.code == HTTPStatus.UNAUTHORIZED:
            raise ConfigError(
                f"The Prefect server at {url} asks for an auth string, and "
                f"{f'that of {SHOWN} is wrong' if auth else 'none is known'}; set {SHOWN} (`rossi up` prints how)."
            ) from None
    except (OSError, ValueError, HTTPException):  # its next answer will show
        return


#: Leaves the auth string where Prefect's pages look for it, and goes to them.
SIGN_IN_PAGE = """<!doctype html><meta charset="utf-8"><title>Signing in</title>
<p>This page signs in to Prefect's pages with the address that <code>rossi up</code> prints.</p>
<script>
const auth = decodeURIComponent(location.hash.slice(1));
if (auth) { localStorage.setItem("prefect-password", btoa(auth)); location.replace("/"); }
</script>
"""
