"""Compares what was acknowledged with what a serving node shows, fact by fact."""

import json
from functools import partial
from typing import Any, Callable, Dict, List, Mapping, Sequence

from facts import Column, Facts
from pictures import ListPicture, LogPicture, PointsPicture, RunPicture, columns_of
from viewer import Viewer
from waiting import ask, await_that

from telltale import ids

# What a list tells of a run from the other runs of its pipeline. The run itself does not have it,
# and a reader of the list holds it as it was when the run last changed.
OF_OTHERS = ("usual", "last_main_metric")


def get(url: str, path: str) -> Any:
    answer = ask(url + path)
    if answer.status != 200:
        return {}
    return answer.body if "/log?" in path else json.loads(answer.body)


def difference(told: Any, shown: Any, where: str = "") -> str:
    """The first fact that is not shown as it was told, in a sentence; "" where there is none."""
    if isinstance(told, Mapping):
        if not isinstance(shown, Mapping):
            return f"{where}: told {told!r}, shown {shown!r}"
        names = [*told, *(name for name in shown if name not in told)]
        found = (difference(told.get(n), shown.get(n), f"{where}/{n}") for n in names)
        return next((one for one in found if one), "")
    if told == shown:
        return ""
    if isinstance(told, (list, bytes)) and isinstance(shown, type(told)):
        at = next((i for i, (a, b) in enumerate(zip(told, shown)) if a != b), None)
        if at is None:
            at = min(len(told), len(shown))
        near = f"told {told[at : at + 2]!r}, shown {shown[at : at + 2]!r}"
        return f"{where}: {len(told)} told, {len(shown)} shown; from {at} on {near}"
    return f"{where}: told {told!r}, shown {shown!r}"


def told_of(run: Facts) -> Dict[str, Any]:
    """A run as it was told, in the shape of `shown_of`."""
    return {
        "run": {**run.run, "message": run.run.get("message", "")},
        "tasks": run.tasks,
        "artifacts": run.artifacts,
        "points": {f"{path} {name}": column for (path, name), column in run.columns().items()},
        "logs": {f"{path} {attempt}": bytes(log) for (path, attempt), log in run.logs.items()},
    }


def shown_of(url: str, run: Facts) -> Dict[str, Any]:
    """A run as a node shows it: names for ids, and only what is told."""
    base = f"/api/v1/runs/{run.key}"
    view = get(url, base)
    header = view.get("run", {})
    paths = {task["id"]: task["path"] for task in view.get("tasks", [])}
    return {
        "run": {
            "parameters": view.get("parameters", {}),
            "message": header.get("message", ""),
            **{name: header.get(name) for name in ("state", "name", "pipeline")},
        },
        "tasks": {task["path"]: task_of(task) for task in view.get("tasks", [])},
        "artifacts": {one["id"]: one["uri"] for one in view.get("artifacts", [])},
        "points": {
            f"{paths.get(one['task_id'])} {one['name']}": points_of(url, base, one["id"])
            for one in view.get("series", [])
        },
        "logs": {
            f"{path} {attempt}": get(url, f"{base}/tasks/{ids.task_id(path)}/log?attempt={attempt}")
            for path, attempt in run.logs
        },
    }


def task_of(task: Dict[str, Any]) -> Dict[str, Any]:
    names = ("state", "attempt", "progress")
    return {"message": task.get("message", ""), **{n: task[n] for n in names if n in task}}


def points_of(url: str, base: str, series: str) -> List[Column]:
    return columns_of(get(url, f"{base}/metrics/{series}?points=4096"))


def check_runs(runs: Sequence[Facts], urls: Sequence[str]) -> None:
    """Every node shows everything that was told, once; and the nodes tell the same, to the byte."""
    for run in runs:
        for url in urls:
            await_no_difference(partial(unlike_told, run, told_of(run), url))
            await_no_difference(partial(unlike_listed, run, url))
        await_no_difference(partial(unlike_elsewhere, f"/api/v1/runs/{run.key}", urls))
    await_no_difference(partial(unlike_elsewhere, "/api/v1/runs?limit=200", urls))


def unlike_told(run: Facts, told: Dict[str, Any], url: str) -> str:
    return difference(told, shown_of(url, run), f"run {run.key} at {url}")


def unlike_listed(run: Facts, url: str) -> str:
    """The list comes from the fold's summaries, the run from its events."""
    runs = get(url, f"/api/v1/runs?keys={run.key}").get("runs", [])
    listed = next(map(without_others, runs), None)
    shown = get(url, f"/api/v1/runs/{run.key}").get("run")
    return difference(shown, listed, f"run {run.key} in the list of {url}")


def without_others(run: Mapping[str, Any]) -> Dict[str, Any]:
    return {name: fact for name, fact in run.items() if name not in OF_OTHERS}


def unlike_elsewhere(path: str, urls: Sequence[str]) -> str:
    first = get(urls[0], path)
    found = (difference(first, get(url, path), f"{urls[0]} and {url}: {path}") for url in urls[1:])
    return next((one for one in found if one), "")


def await_no_difference(look: Callable[[], str]) -> None:
    last = ""

    def same() -> bool:
        nonlocal last
        try:
            last = look()
        except OSError as error:
            last = str(error)
        return last == ""

    try:
        await_that(same, "the readers see what was told")
    except AssertionError as error:
        raise AssertionError(last) from error


def check_viewer(viewer: Viewer, url: str) -> None:
    """It ends in the state that a new reader gets, and no frame on the way was wrong."""
    await_no_difference(lambda: difference(asked(viewer, url), held(viewer), viewer.path))
    assert not viewer.trouble, f"a viewer of {viewer.path} {viewer.trouble}"


def asked(viewer: Viewer, url: str) -> Any:
    shown = get(url, viewer.path)
    if isinstance(viewer.picture, PointsPicture):
        return columns_of(shown)
    if isinstance(viewer.picture, LogPicture):
        return shown
    if isinstance(viewer.picture, ListPicture):
        return {run["run_key"]: without_others(run) for run in shown.get("runs", [])}
    parts = {p: {one["id"]: one for one in shown.get(p, [])} for p, _ in RunPicture.PARTS}
    return {"run": shown.get("run", {}), **parts}


def held(viewer: Viewer) -> Any:
    picture = viewer.picture
    if isinstance(picture, PointsPicture):
        return picture.columns
    if isinstance(picture, LogPicture):
        return picture.bytes
    if isinstance(picture, ListPicture):
        return {key: without_others(run) for key, run in picture.runs.items()}
    assert isinstance(picture, RunPicture)
    return {"run": picture.run, **picture.parts}
