"""Ids that every source of events must agree on (docs/formats/ids.md).

An id is 26 characters of a-z2-7: base32 of the first 128 bits of SHA-256 over each part written as
`<length in bytes>:<bytes>`. Names of any script and length are data and never a path.
"""

import base64
import hashlib
from typing import Union

Part = Union[str, bytes]


def hash_id(*parts: Part) -> str:
    """The id of the parts, in order. Text is taken as UTF-8; what UTF-8 can't hold becomes '?'."""
    digest = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode("utf-8", "replace")
        digest.update(b"%d:" % len(data))
        digest.update(data)
    return base64.b32encode(digest.digest()[:16]).decode("ascii").rstrip("=").lower()


def is_id(text: str) -> bool:
    """True for text that hash_id could have made."""
    return len(text) == 26 and all("a" <= c <= "z" or "2" <= c <= "7" for c in text)


def run_key(source: str, namespace: str, name: str, uid: str) -> str:
    return hash_id("run", source, namespace, name, uid)


def task_id(path: str) -> str:
    return hash_id("task", path)


def series_id(task_path: str, name: str) -> str:
    return hash_id("series", task_path, name)


def artifact_id(task_path: str, name: str, is_input: bool) -> str:
    return hash_id("artifact", task_path, name, "input" if is_input else "output")


def path_segment(name: str) -> str:
    """A name as one segment of a task path: '/' is written "%2F"."""
    return name.replace("/", "%2F")
