"""Where versions run: this machine, or a service that the server's operator has named in
DATA/targets.yaml. What is pushed may choose one by its name, and cannot name a host or a token.
"""

import os
from typing import Any, Dict, NamedTuple

import yaml

from delivery.errors import DeliveryError
from delivery.remote import Place

NAME = "targets.yaml"
LOCAL = "local"
_KINDS = ("argo", "kfp")
_FIELDS = ("kind", "url", "token_file", "ca_file", "namespace", "experiment_id", "service_account")
_BYTES = 64 << 10


class Target(NamedTuple):
    name: str
    kind: str
    place: Place
    namespace: str = ""
    experiment_id: str = ""
    service_account: str = ""


def find(data: str, name: str) -> Target:
    if name in ("", LOCAL):
        return Target(LOCAL, LOCAL, Place(""))
    known = _read(os.path.join(data, NAME))
    if name not in known:
        listed = ", ".join([LOCAL, *sorted(known)])
        raise DeliveryError(f"telltale.yaml: this server has no target {name}. It has: {listed}.")
    fields = known[name]
    wrong = [f for f in fields if f not in _FIELDS or not isinstance(fields[f], str)]
    if wrong or fields.get("kind") not in _KINDS:
        what = f"{wrong[0]} is not known or no text" if wrong else "kind is argo or kfp"
        raise DeliveryError(f"The server's {NAME}: {name}: {what}.")
    if not fields.get("url", "").startswith(("https://", "http://")):
        raise DeliveryError(f"The server's {NAME}: {name}: url is an address, https://….")
    if fields["kind"] == "argo" and not fields.get("namespace"):
        raise DeliveryError(f"The server's {NAME}: {name}: a target argo has a namespace.")
    place = Place(*(fields.get(field, "") for field in Place._fields))
    rest = {f: fields[f] for f in ("namespace", "experiment_id", "service_account") if f in fields}
    return Target(name, fields["kind"], place, **rest)


def _read(path: str) -> Dict[str, Dict[str, Any]]:
    try:
        with open(path, "rb") as file:
            told = yaml.safe_load(file.read(_BYTES))
    except FileNotFoundError:
        return {}
    except (OSError, yaml.YAMLError):
        told = None
    if not isinstance(told, dict) or not all(isinstance(v, dict) for v in told.values()):
        raise DeliveryError(f"The server's {NAME} is no list of targets, NAME: {{kind: …}}.")
    return told
