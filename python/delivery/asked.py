"""`python -m delivery asked`: begins the delivery that a body of POST
/api/v1/projects/{project}/pushes asks for, on standard input. Says its run's key, or a sentence
with one of the exit statuses below (server/deliver/pushes.cc).
"""

import json
import os
import re
import sys
from typing import Any, Dict, Optional

from delivery import git, records
from delivery.errors import DeliveryError
from local_target.run_tracker import BEFORE_IT_SPOKE, json_text
from telltale import ids
from telltale.sender import Sender

_NOT_FOUND = 3
_CONFLICT = 4
_WRONG = 5
_ANNOUNCE_S = 3.0
_HEADS = "refs/heads/"
_MAIN = "main"
_ADDRESS_LENGTH = 2_000
_FIELDS = ("again", "branch", "parameters", "repository", "revision")


class _Refused(Exception):
    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def main() -> int:
    data = os.environ["TELLTALE_DATA"]
    project = os.environ["TELLTALE_PROJECT"]
    try:
        body = _body(sys.stdin.buffer.read())
        if "again" in body:
            record = _again(data, project, body)
        elif "repository" in body:
            record = _fetched(data, project, body)
        else:
            record = _known(data, project, body)
    except _Refused as error:
        print(error)
        return error.status
    except DeliveryError as error:
        print(error)
        return _CONFLICT
    _announce(record)
    records.start(record)
    print(record.key)
    return 0


def _announce(record: records.Record) -> None:
    """So that its page is there when somebody is told of it."""
    sender = Sender(record.url, record.key)
    body = {"state": "PENDING", "version": BEFORE_IT_SPOKE, "source": records.SOURCE}
    sender.put_fact("run_state", {**body, "name": record.title, "pipeline": record.project})
    sender.close(_ANNOUNCE_S)


def _body(data: bytes) -> Dict[str, Any]:
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise _Refused(_WRONG, 'The body is no JSON object. Send {"revision": "main"}.')
    for name in body:
        if name not in _FIELDS:
            raise _Refused(
                _WRONG, f"'{name[:64]}' is not known here. Known are {', '.join(_FIELDS)}."
            )
    for name in ("again", "branch", "repository", "revision"):
        if name in body and not isinstance(body[name], str):
            raise _Refused(_WRONG, f"{name} must be a string.")
    if "again" in body and set(body) - {"again", "parameters"}:
        raise _Refused(_WRONG, "Beside again there may be parameters, and nothing else.")
    return body


def _wishes(body: Dict[str, Any]) -> Dict[str, str]:
    told = body.get("parameters", {})
    if not isinstance(told, dict):
        raise _Refused(_WRONG, "parameters must be an object of name and value.")
    wishes = {}
    for name, value in told.items():
        text = value if isinstance(value, str) else json_text(value)
        if not name or "=" in name or "\0" in name + text:
            raise _Refused(_WRONG, "A parameter's name is not empty and has no '=' and no NUL.")
        wishes["run." + name] = text
    return wishes


def _push(data: str, project: str, body: Dict[str, Any], how: str, **more: Any) -> records.Push:
    branch = body.get("branch", _MAIN)
    if not git.is_name(branch):
        raise _Refused(_WRONG, f"{branch[:64]} is no name of a branch.")
    pushed: Dict[str, Any] = {
        "project": project,
        "repository": git.repository_of(data, project),
        "ref": _HEADS + branch,
        "revision": "",
        "before": "",
        "wishes": _wishes(body),
        "by": os.environ.get("TELLTALE_BY", ""),
        "how": how,
    }
    return records.Push(**{**pushed, **more})


def _known(data: str, project: str, body: Dict[str, Any]) -> records.Record:
    """Of a revision that the project has: its branch goes there, as a roll back does."""
    push = _push(data, project, body, "rolled back")
    named = body.get("revision", "")
    revision = ""
    if os.path.isdir(push.repository):
        revision = git.revision_of(push.repository, named)
    if not revision:
        raise _Refused(_NOT_FOUND, f"The project {project} has no revision {named[:64]}.")
    before = git.tips(push.repository).get(push.ref, "")
    how = "rolled back" if before and before != revision else "delivered again"
    record = records.create(data, push._replace(revision=revision, before=before, how=how))
    git.move_branch(record)
    return record


def _fetched(data: str, project: str, body: Dict[str, Any]) -> records.Record:
    """Of one that is elsewhere: the delivery fetches it."""
    address = body["repository"]
    wanted = body.get("revision", "")
    if not git.is_name(wanted):
        raise _Refused(_WRONG, f"revision is a commit, a branch or a tag, not {wanted[:64]!r}.")
    schemes = git.fetch_protocols()
    found = re.fullmatch(r"([a-z]+)://(?!-)[^\s\0]+", address)
    if found is None or found.group(1) not in schemes or len(address) > _ADDRESS_LENGTH:
        raise _Refused(_WRONG, f"repository is an address of {' or '.join(schemes)}, SCHEME://….")
    if re.match(r"[a-z]+://[^/@]*:[^/@]*@", address):
        why = "repository holds a password, which would be kept. Say it to the server's git instead"
        raise _Refused(_WRONG, f"{why} (docs/deliveries.md).")
    push = _push(data, project, body, "fetched")
    if not os.path.isdir(push.repository):
        _make(data, push.repository)
    return records.create(data, push._replace(fetch={"url": address, "revision": wanted}))


def _make(data: str, repository: str) -> None:
    folder = os.path.join(data, "git")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    if len(os.listdir(folder)) >= int(os.environ["TELLTALE_PROJECTS_LIMIT"]):
        raise _Refused(_CONFLICT, "This server has as many projects as it takes.")
    git.make_repository(repository)


def _again(data: str, project: str, body: Dict[str, Any]) -> records.Record:
    """One that there was, with other parameters: the same revision, wherever its branch is now."""
    earlier = _delivery(data, body["again"])
    if earlier is None or earlier.project != project:
        raise _Refused(_NOT_FOUND, f"The project {project} has no delivery of this key any more.")
    if not earlier.revision:
        raise _Refused(_NOT_FOUND, "This delivery never fetched its revision. Ask for it anew.")
    wishes = {name: value for name, value in earlier.wishes.items() if name != "wait"}
    push = _push(
        data,
        project,
        body,
        "run again",
        ref=earlier.ref,
        revision=earlier.revision,
        before=earlier.before,
        wishes={**wishes, **_wishes(body)},
    )
    return records.create(data, push)


def _delivery(data: str, key: str) -> Optional[records.Record]:
    return records.read(os.path.join(data, "deliveries", key)) if ids.is_id(key) else None
