"""The stages of a delivery. Each takes the record and its own Stage, and answers what is kept:
`told`, a line for the card and the terminal; whatever later stages need; `skipped` where there was
nothing to do. All may be done twice by a crash, so all may be.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
from typing import Any, Callable, Dict, List, Mapping, NamedTuple

from delivery import (
    environment,
    git,
    junit_results,
    project_file,
    target_argo,
    target_kfp,
    target_local,
    targets,
)
from delivery.errors import DeliveryError
from delivery.records import Record
from delivery.stage import Stage

Result = Dict[str, Any]
_SOURCE = "source"
_COMPILED = "pipeline.yaml"
_COMMITS = 20
_SETTINGS_BYTES = 1 << 20
_FETCH_S = 1800.0
_FIND_S = 60.0
_COMPILE_S = 300.0
_INSTALL_S = 1800.0
_TEST_S = 1800.0
_NO_TESTS = 5  # pytest's exit status
_PYTHON_DIRECTORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# The user's own code gets nothing of the server's: not what its token opens, nor which run it is.
_NOT_PASSED_ON = ("GIT_", "TELLTALE_")


_OF_KIND: Dict[str, Any] = {targets.LOCAL: target_local, "kfp": target_kfp, "argo": target_argo}


class StageSpec(NamedTuple):
    name: str
    do: Callable[[Record, Stage], Result]


def source_of(record: Record) -> str:
    return record.path(_SOURCE)


def users_environment() -> Dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_NOT_PASSED_ON)}
    return {**kept, "PYTHONPATH": _PYTHON_DIRECTORY, "PYTHONUNBUFFERED": "1"}


def receive(record: Record, stage: Stage) -> Result:
    folder = source_of(record)
    shutil.rmtree(folder, ignore_errors=True)
    stage.say(f"{record.how} by {record.by}" if record.by else str(record.how))
    if not record.revision:
        _fetch(record, stage)
    commits = git.log_lines(record, _COMMITS)
    for line in commits:
        stage.say(line)
    source = git.unpack(record, folder)
    for name in source.left_out[:_COMMITS]:
        stage.say(f"Left out: {name} is a link or a submodule.")
    stage.say(f"{source.files} files, {source.size} bytes.")
    files = f"{source.files} file{'' if source.files == 1 else 's'}"
    shown = commits[0].split(" ", 1)[-1] if commits else ""
    outputs = {"commit": record.revision, "branch": record.branch, "author": git.author(record)}
    outputs.update({"how": record.how, "by": record.by})
    return {"told": f"{files}, {shown}" if shown else files, "outputs": outputs}


def _fetch(record: Record, stage: Stage) -> None:
    stage.say(f"Fetching {record.fetch['revision']} from {record.fetch['url']}")
    asked = git.fetch(record)
    if stage.run(asked.command, asked.env, record.repository, _FETCH_S) != 0:
        lines = stage.tail.decode("utf-8", "replace").strip().splitlines()
        raise DeliveryError(f"It could not be fetched: {lines[-1]}")
    git.take_fetched(record)


def package(record: Record, stage: Stage) -> Result:
    folder = source_of(record)
    settings = _settings(record)
    target = targets.find(record.data, settings.target)
    found = _find(folder, stage)
    if target.kind == "argo" or settings.workflow:
        return _package_workflow(record, stage, settings, found["tests"])
    pipeline = _the_one(found, settings)
    made = _environment(record, stage, settings)
    given = {**settings.parameters, **pushed_parameters(record)}
    compiled = _compile(record, stage, made.python, pipeline, given)
    parameters = {name: json.dumps(value) for name, value in compiled["parameters"].items()}
    for name, value in parameters.items():
        stage.say(f"{name} = {value}")
    tasks = f"{compiled['tasks']} task{'' if compiled['tasks'] == 1 else 's'}"
    told = f"{pipeline['file']} → {compiled['name']}, {tasks}; {made.told}"
    return {
        "told": told,
        "outputs": {"pipeline": compiled["name"], "file": pipeline["file"]},
        "python": made.python,
        "tests": found["tests"] if settings.test is None else bool(settings.test),
        "test": settings.test,
        "given": given,
        "values": compiled["values"],
        "target": target.name,
        "pipeline": {**pipeline, "title": compiled["name"]},
    }


def _environment(
    record: Record, stage: Stage, settings: project_file.Settings
) -> environment.Environment:
    folder = source_of(record)

    def run(command: List[str], why: str) -> None:
        stage.say("$ " + " ".join(os.path.basename(part) for part in command[:3]))
        if stage.run(command, users_environment(), folder, _INSTALL_S) != 0:
            raise DeliveryError(f"{why}; its log says why.")

    made = environment.of_project(folder, record.data, settings.requirements, run)
    stage.say(made.told)
    return made


def _package_workflow(
    record: Record, stage: Stage, settings: project_file.Settings, tests: bool
) -> Result:
    """Of a target that takes Argo's Workflows as they are."""
    target = targets.find(record.data, settings.target)
    if target.kind != "argo":
        raise DeliveryError(f"telltale.yaml: a workflow is for a target argo, not {target.name}.")
    if not settings.workflow:
        raise DeliveryError(
            f"The target {target.name} takes a Workflow of Argo: name its file in telltale.yaml, "
            "`workflow: FILE`. A pipeline of KFP needs a target of the kind kfp."
        )
    given = {**settings.parameters, **pushed_parameters(record)}
    body = target_argo.read(source_of(record), settings.workflow, given)
    title = target_argo.title_of(body)
    for name, value in target_argo.parameters_of(body).items():
        stage.say(f"{name} = {json.dumps(value)}")
    made = _environment(record, stage, settings)
    return {
        "told": f"{settings.workflow} → {title}",
        "outputs": {"pipeline": title, "file": settings.workflow},
        "python": made.python,
        "tests": tests if settings.test is None else bool(settings.test),
        "test": settings.test,
        "given": given,
        "target": target.name,
        "pipeline": {"file": settings.workflow, "name": title, "title": title},
    }


def _find(folder: str, stage: Stage) -> Dict[str, Any]:
    child = os.path.join(os.path.dirname(os.path.abspath(__file__)), "find_child.py")
    try:
        done = subprocess.run(
            [sys.executable, "-I", child, folder],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=users_environment(),
            timeout=_FIND_S,
            check=False,
        )
        found: Dict[str, Any] = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        raise DeliveryError(
            "The Python files take too long, or too much memory, to read."
        ) from None
    for broken in found["broken"]:
        stage.say(f"{broken['file']}:{broken['line']}: {broken['what']}")
    return found


def _settings(record: Record) -> project_file.Settings:
    try:
        with open(os.path.join(source_of(record), project_file.NAME), "rb") as file:
            data = file.read(_SETTINGS_BYTES)
    except FileNotFoundError:
        return project_file.Settings()
    return project_file.read(data, record.branch)


def _the_one(found: Dict[str, Any], settings: project_file.Settings) -> Dict[str, Any]:
    pipelines: List[Dict[str, Any]] = [
        pipeline
        for pipeline in found["pipelines"]
        if settings.file in ("", pipeline["file"]) and settings.pipeline in ("", pipeline["name"])
    ]
    if len(pipelines) == 1:
        return pipelines[0]
    if not pipelines:
        broken = "".join(f"\n{b['file']}:{b['line']}: {b['what']}" for b in found["broken"])
        named = f" of the name {settings.pipeline}" if settings.pipeline else ""
        if settings.file or named:
            file = settings.file or "this repository"
            raise DeliveryError(f"telltale.yaml: there is no @dsl.pipeline{named} in {file}.")
        raise DeliveryError(
            "There is no pipeline here: no function of a Python file is decorated with "
            f"@dsl.pipeline.{broken}"
        )
    listed = "".join(f"\n{p['file']}:{p['line']}: {p['name']}" for p in pipelines)
    raise DeliveryError(
        f"There are {len(pipelines)} pipelines here, and one is run. Name it in telltale.yaml, "
        f"`pipeline: FILE`:{listed}"
    )


def pushed_parameters(record: Record) -> Dict[str, str]:
    """`-o run.epochs=5`"""
    named = {k: v for k, v in record.wishes.items() if k.startswith("run.")}
    return {name[len("run.") :]: value for name, value in named.items()}


def _compile(
    record: Record,
    stage: Stage,
    python: str,
    pipeline: Dict[str, Any],
    given: Mapping[str, str],
) -> Dict[str, Any]:
    folder = source_of(record)
    file = os.path.join(folder, pipeline["file"])
    command = [python, "-m", "delivery", "compile", file, f"--output={record.path(_COMPILED)}"]
    command += target_local.arguments_of(pipeline, given)
    said = len(stage.tail)
    del stage.tail[:said]
    code = stage.run(command, users_environment(), folder, _COMPILE_S)
    lines = stage.tail.decode("utf-8", "replace").strip().splitlines()
    if code != 0 or not lines:
        why = lines[-1] if lines else f"exit code {code}"
        raise DeliveryError(why)
    try:
        compiled: Dict[str, Any] = json.loads(lines[-1])
    except ValueError:
        raise DeliveryError(f"{pipeline['file']} prints more than it should.") from None
    return compiled


def test(record: Record, stage: Stage) -> Result:
    packaged = record.finished["package"]
    if not packaged["tests"]:
        none = "no file is named test_*.py or *_test.py"
        stage.say(f"{'telltale.yaml says so' if packaged['test'] == [] else none}: no tests.")
        return {"told": "no tests", "skipped": True}
    command, env = _pytest(record, stage, packaged["python"])
    if packaged["test"]:
        words: List[str] = packaged["test"]
        command = [*command[:2], *words] if words[0] == "pytest" else words
    beside = os.path.dirname(packaged["python"])
    env = {**env, "PATH": beside + os.pathsep + env.get("PATH", os.defpath)}
    junit = record.path("junit.xml")
    env["PYTEST_ADDOPTS"] += f" --junitxml={shlex.quote(junit)}"
    code = stage.run(command, env, source_of(record), _TEST_S)
    results = _tell_results(junit, stage)
    lines = stage.tail.decode("utf-8", "replace").strip().splitlines()
    last = lines[-1].strip("= ") if lines else ""
    if code == _NO_TESTS:
        return {"told": "no tests", "skipped": True}
    if code != 0:
        raise DeliveryError(f"Tests failed: {last or f'exit code {code}'}")
    return {"told": last, "outputs": results}


def _tell_results(junit: str, stage: Stage) -> Dict[str, int]:
    """As a table in the log, and as an artifact; nothing where the command wrote none."""
    results = junit_results.read(junit)
    if results is None:
        return {}
    stage.artifact("tests", "telltale.TestResults", results)
    tail = bytes(stage.tail)
    for line in ["", *junit_results.table(results)]:
        stage.say(line)
    stage.tail[:] = tail  # of what the command said, which a terminal is shown
    return {name: results[name] for name in ("passed", "failed", "skipped")}


def _pytest(record: Record, stage: Stage, python: str) -> "tuple[List[str], Dict[str, str]]":
    """pytest of the project's environment; else one beside it, made once."""
    env = {**users_environment(), "PYTEST_ADDOPTS": "-p no:cacheprovider"}
    run = [python, "-m", "pytest", "-q"]
    probe = [python, "-c", "import pytest"]
    if subprocess.run(probe, env=env, stderr=subprocess.DEVNULL, check=False).returncode == 0:
        return run, env
    folder = os.path.join(record.data, "environments", "pytest")
    if not os.path.exists(os.path.join(folder, "pytest")):
        uv = os.path.join(os.path.dirname(sys.executable), "uv")
        install = [uv, "pip", "install", "--quiet", "--python", python, "--target", folder]
        if stage.run([*install, "pytest"], env, source_of(record), _INSTALL_S) != 0:
            raise DeliveryError("pytest could not be installed; its log says why.")
    return run, {**env, "PYTHONPATH": env["PYTHONPATH"] + os.pathsep + folder}


def target_of(record: Record) -> targets.Target:
    return targets.find(record.data, record.finished["package"]["target"])


def deploy(record: Record, stage: Stage) -> Result:
    target = target_of(record)
    return _OF_KIND[target.kind].deploy(target, record, stage)


def run(record: Record, stage: Stage) -> Result:
    target = target_of(record)
    return _OF_KIND[target.kind].run(target, record, stage)


def outcome(record: Record, stage: Stage) -> str:
    """What became of the run it started, in a sentence; it is waited for."""
    target = target_of(record)
    return _OF_KIND[target.kind].outcome(target, record, stage)


ALL = (
    StageSpec("receive", receive),
    StageSpec("package", package),
    StageSpec("test", test),
    StageSpec("deploy", deploy),
    StageSpec("run", run),
)
