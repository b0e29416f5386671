"""The stages of a delivery. Each takes the record and its own Stage, and answers what is kept:
`told`, a line for the card and the terminal; whatever later stages need; `skipped` where there was
nothing to do. All may be done twice by a crash, so all may be.
"""

import json
import os
import shutil
import subprocess
import sys
from typing import Any, Callable, Dict, List, Mapping, NamedTuple

from delivery import environment, git, project_file
from delivery.errors import DeliveryError
from delivery.records import Record
from delivery.stage import Stage
from local_target.server_reader import ServerReader
from telltale import ids
from telltale.sender import Sender

Result = Dict[str, Any]
_SOURCE = "source"
_COMMITS = 20
_SETTINGS_BYTES = 1 << 20
_FIND_S = 60.0
_COMPILE_S = 300.0
_INSTALL_S = 1800.0
_TEST_S = 1800.0
_START_S = 300.0
_ASK_AGAIN_S = 0.5
_NO_TESTS = 5  # pytest's exit status
_PYTHON_DIRECTORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# The user's own code gets nothing of the server's: not what its token opens, nor which run it is.
_NOT_PASSED_ON = ("GIT_", "TELLTALE_")


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
    return {"told": f"{files}, {shown}" if shown else files, "outputs": outputs}


def package(record: Record, stage: Stage) -> Result:
    folder = source_of(record)
    settings = _settings(record)
    found = _find(folder, stage)
    pipeline = _the_one(found, settings)

    def run(command: List[str], why: str) -> None:
        stage.say("$ " + " ".join(os.path.basename(part) for part in command[:3]))
        if stage.run(command, users_environment(), folder, _INSTALL_S) != 0:
            raise DeliveryError(f"{why}; its log says why.")

    made = environment.of_project(folder, record.data, settings.requirements, run)
    stage.say(made.told)
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
        "pipeline": {**pipeline, "title": compiled["name"]},
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


def _arguments(pipeline: Dict[str, Any], given: Mapping[str, str]) -> List[str]:
    named = [f"--param={name}={value}" for name, value in given.items()]
    return [f"--pipeline={pipeline['name']}", *named]


def _compile(
    record: Record,
    stage: Stage,
    python: str,
    pipeline: Dict[str, Any],
    given: Mapping[str, str],
) -> Dict[str, Any]:
    folder = source_of(record)
    file = os.path.join(folder, pipeline["file"])
    command = [python, "-m", "delivery", "compile", file, *_arguments(pipeline, given)]
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
    code = stage.run(command, env, source_of(record), _TEST_S)
    lines = stage.tail.decode("utf-8", "replace").strip().splitlines()
    last = lines[-1].strip("= ") if lines else ""
    if code == _NO_TESTS:
        return {"told": "no tests", "skipped": True}
    if code != 0:
        raise DeliveryError(f"Tests failed: {last or f'exit code {code}'}")
    return {"told": last}


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


def deploy(record: Record, stage: Stage) -> Result:
    """The local target: what is run is the revision's own folder, which stays."""
    stage.say(f"Version {record.revision} of {record.branch} runs on this machine.")
    return {"told": f"version {record.revision[:7]} on this machine"}


def run(record: Record, stage: Stage) -> Result:
    packaged = record.finished["package"]
    pipeline = packaged["pipeline"]
    file = os.path.join(source_of(record), pipeline["file"])
    key = ids.run_key("local", "", pipeline["title"], record.key)
    env = {**os.environ, "PYTHONPATH": _PYTHON_DIRECTORY}
    if not _was_started(record, stage, key):
        _announce(record, key, file, pipeline)
        command = [packaged["python"], "-m", "local_target", "run", file, "--run-key", key]
        command += ["--url", record.url, "--detach", *_arguments(pipeline, packaged["given"])]
        command += ["--directory", record.path("run")]
        if stage.run(command, env, source_of(record), _START_S) != 0:
            lines = stage.tail.decode("utf-8", "replace").strip().splitlines()
            raise DeliveryError(lines[-1] if lines else "The run could not be started.")
    link = f"{record.url}/runs/{key}"
    stage.say(link)
    return {
        "told": f"{pipeline['title']} has started",
        "outputs": {"run": link},
        "run_key": key,
        "lines": [link],
    }


def _was_started(record: Record, stage: Stage, key: str) -> bool:
    """By a process of this delivery that was killed then: one start, however often it is tried."""
    if record.attempts["run"] == 1:
        return False
    spool = os.environ.get("TELLTALE_SPOOL_DIR", "")
    if os.path.exists(os.path.join(spool, key + ".running")):
        return True
    server = ServerReader(record.url)
    while (known := server.run(key)) is None:
        stage.pause(_ASK_AGAIN_S)
    return known.get("state", "PENDING") != "PENDING"


def _announce(record: Record, key: str, file: str, pipeline: Dict[str, Any]) -> None:
    """How the run was started, so that it can be started again from its page."""
    sender = Sender(record.url, key)
    launch = {"pipeline_file": file, "working_directory": source_of(record)}
    body = {"state": "PENDING", "name": pipeline["title"], "source": "local", "launch": launch}
    sender.put_fact("run_state", {**body, "pipeline": pipeline["title"]})
    sender.close(3.0)


ALL = (
    StageSpec("receive", receive),
    StageSpec("package", package),
    StageSpec("test", test),
    StageSpec("deploy", deploy),
    StageSpec("run", run),
)
