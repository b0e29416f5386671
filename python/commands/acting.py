"""What changes something on the server: cancel, retry, roll back."""

import json
from typing import Any, Dict, List, Optional

from commands import looking, repository
from commands.errors import CommandError
from commands.server import Server

_DELIVERY = "push"  # the source of a delivery's run


def cancel(server: Server, key: str, as_json: bool) -> int:
    answer = server.post(f"/api/v1/runs/{key}/cancel", {})
    print(json.dumps(answer) if as_json else f"{key} was asked to stop.")
    return 0


def parameters_of(options: List[str]) -> Dict[str, str]:
    """`-o run.epochs=5`, as git's push takes it."""
    found = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not name.startswith("run.") or not equals:
            raise CommandError(f"-o {option} is not known here: there is -o run.PARAMETER=VALUE.")
        found[name[len("run.") :]] = value
    return found


def retry(server: Server, key: str, options: List[str], as_json: bool) -> int:
    """A delivery goes through its stages again; any other run is started as it was."""
    body: Dict[str, Any] = {"again": key}
    if options:
        body["parameters"] = parameters_of(options)
    run = server.get(f"/api/v1/runs/{key}").get("run", {})
    path = "/api/v1/runs"
    if run.get("source") == _DELIVERY:
        path = f"/api/v1/projects/{run['pipeline']}/pushes"
    answer = server.post(path, body)
    link = f"{server.url}/runs/{answer['run_key']}"
    print(json.dumps(answer) if as_json else f"Watch it at {link}")
    return 0


def rollback(server: Server, revision: Optional[str]) -> int:
    """The branch on the server goes back to that revision; here nothing changes."""
    project, branch = repository.project_and_branch()
    if revision is None:
        revision = _last_but_one(server, project, branch)
    full = repository.git("rev-parse", "--verify", "--quiet", revision + "^{commit}", works=False)
    body = {"revision": full or revision, "branch": branch}
    key = server.post(f"/api/v1/projects/{project}/pushes", body)["run_key"]
    print(f"{branch} of {project} goes back to {(full or revision)[:7]}:", flush=True)
    print(f"  {server.url}/runs/{key}", flush=True)
    server.await_run(key)
    return looking.watch(server, key, as_json=False)


def _last_but_one(server: Server, project: str, branch: str) -> str:
    """Of the revisions that were delivered with success."""
    found: List[str] = []
    for run in server.runs(200, f"{project} {branch}"):
        name = str(run.get("name", ""))
        mine = run.get("source") == _DELIVERY and run.get("state") == "SUCCEEDED"
        if mine and name.startswith(f"{project} {branch} ") and name[-7:] not in found:
            found.append(name[-7:])
    if len(found) < 2:
        raise CommandError("There is no earlier delivery that succeeded. Name a revision.")
    return found[1]
