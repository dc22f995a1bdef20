"""Where the catalogue's service is: asked of the Virtual Observatory's registry, or known."""

from __future__ import annotations

import logging
import os
import warnings

import requests
from pyvo.dal import TAPService
from pyvo.dal.exceptions import DALAccessError
from pyvo.registry import regtap

_log = logging.getLogger(__name__)
#: Where the HEASARC's service has been for ten years.
KNOWN = "https://heasarc.gsfc.nasa.gov/xamin/vo/tap"
#: The registry that pyvo asks too; its variable chooses another one.
_VARIABLE, _REGISTRY = "IVOA_REGISTRY", "https://reg.g-vo.org/tap"
#: Authority of the HEASARC's entries in the registry.
_AUTHORITY = "ivo://nasa.heasarc/"


def find_service(session: requests.Session) -> str:
    """Return the address of the HEASARC's TAP service.

    Parameters
    ----------
    session : requests.Session
        What to ask with.
    """
    registry = os.environ.get(_VARIABLE, _REGISTRY).rstrip("/")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = _registered(registry, session)
    except (DALAccessError, requests.RequestException, ValueError, KeyError, AttributeError) as error:
        _log.info("%s: the registry does not answer as it should (%s); %s is used.", registry, error, KNOWN)
        return KNOWN
    return found or KNOWN


def _registered(registry: str, session: requests.Session) -> str:
    service = TAPService(registry, session=session)
    query = regtap.get_RegTAP_query(servicetype="tap", keywords=["heasarc"], service=service)
    results = regtap.RegistryQuery(registry, query, session=session).execute()
    records = [results.getrecord(number) for number in range(len(results))]
    addresses = [
        record.get_interface(service_type="tap").access_url
        for record in records
        if str(record.ivoid).lower().startswith(_AUTHORITY)
    ]
    return str(min(addresses, key=len, default="")).rstrip("/")
