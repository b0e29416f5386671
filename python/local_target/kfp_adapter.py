"""The one place that knows kfp.local's inside: watches its orchestrator and replaces task
execution.

kfp.local 2.17.0 has no callbacks, prints output without saying whose it is, and opens pipes in text
mode. This module wraps the functions below for the time of one run and tells an `Observer` what
they do; scheduling, conditions, loops, retries, inputs and outputs stay kfp's own. It is pinned:
with another version of kfp it refuses to work, and its tests run against the real one.

How kfp.local 2.17.0 behaves, and so the page: iterations of a ParallelFor run two at a time (its
limit, whatever parallelism is asked for), other tasks one after the other; after a failure the
tasks that don't depend on it still run, unless the pipeline has neither groups nor loops: then it
stops.
"""

import contextlib
import json
import re
import threading
from types import SimpleNamespace
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Tuple

import kfp
from kfp import dsl, local
from kfp.local import executor_output_utils as output_utils
from kfp.local import graph_utils, io, logging_utils, pipeline_orchestrator, status
from kfp.local import subprocess_task_handler as handlers
from kfp.local.orchestrator import dag_orchestrator, orchestrator_utils, task_executor
from kfp.local.orchestrator import enhanced_dag_orchestrator as enhanced

from local_target.pipeline_graph import join

KFP_VERSION = "2.17.0"


class Observer:
    """What the runner does about each thing kfp.local is about to do. Called from any thread."""

    def group_started(self, path: str) -> None:
        raise NotImplementedError

    def group_ended(self, path: str, error: Optional[str]) -> None:
        raise NotImplementedError

    def loop_items(self, path: str, component: str, item_input: str, items: List[Any]) -> None:
        raise NotImplementedError

    def task_started(self, path: str, inputs: Mapping[str, Any], attempts_max: int) -> bool:
        """False: the task must not run (the run was cancelled)."""
        raise NotImplementedError

    def run_attempt(self, path: str, attempt: int, command: List[str], env: Dict[str, str]) -> int:
        """Runs the task's command to its end; 0 is success."""
        raise NotImplementedError

    def task_ended(self, path: str, outputs: Mapping[str, Any], error: Optional[str]) -> None:
        """`error` is None after success, empty when the task's own output tells why."""
        raise NotImplementedError

    def condition_false(self, path: str, condition: str) -> None:
        raise NotImplementedError

    def upstream_failed(self, path: str, failed: List[str]) -> None:
        raise NotImplementedError

    def pause(self, seconds: float) -> None:
        """Waits before the next attempt."""
        raise NotImplementedError


def check_version() -> None:
    if kfp.__version__ != KFP_VERSION:
        raise RuntimeError(
            f"This adapter is made for kfp {KFP_VERSION} and found {kfp.__version__}: "
            f"install kfp=={KFP_VERSION}."
        )


def run(pipeline_spec: Any, arguments: Dict[str, Any], root: str, observer: Observer) -> None:
    """Executes the pipeline with kfp.local. Raises RuntimeError when it failed."""
    check_version()
    local.init(
        runner=local.SubprocessRunner(use_venv=False), pipeline_root=root, raise_on_error=True
    )
    with _Watch(observer).installed():
        pipeline_orchestrator.run_local_pipeline(pipeline_spec=pipeline_spec, arguments=arguments)


def artifact_fields(artifact: Any) -> Dict[str, str]:
    try:
        metadata = json.dumps(dict(artifact.metadata), ensure_ascii=False, default=str)
    except (TypeError, ValueError):
        metadata = "{}"
    return {"type": artifact.schema_title, "uri": artifact.uri, "metadata": metadata}


def split_values(values: Mapping[str, Any]) -> Tuple[Dict[str, Any], List[Tuple[str, Any]]]:
    """Parameters, and (name, artifact) pairs; members of an artifact list are numbered."""
    parameters: Dict[str, Any] = {}
    artifacts: List[Tuple[str, Any]] = []
    for name, value in values.items():
        if isinstance(value, dsl.Artifact):
            artifacts.append((name, value))
        elif isinstance(value, list) and value and all(isinstance(v, dsl.Artifact) for v in value):
            artifacts.extend((f"{name}[{index}]", v) for index, v in enumerate(value))
        else:
            parameters[name] = value
    return parameters, artifacts


def _readable(condition: str) -> str:
    condition = re.sub(r"inputs\.parameter_values\['([^']+)'\]", r"\1", condition)
    return condition.replace("pipelinechannel--", "").replace("!(", "not (")


class _Watch:
    """The wrappers of one run. A scope is one DAG in execution; its IOStore stands for it."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._here = threading.local()  # what this thread is in the middle of

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        quiet = contextlib.nullcontext
        changes: List[Tuple[Any, str, Any]] = [
            (io, "IOStore", self._io_store_class()),
            (enhanced, "run_enhanced_dag", self._wrap_dag(enhanced.run_enhanced_dag)),
            (dag_orchestrator, "run_dag", self._wrap_dag(dag_orchestrator.run_dag)),
            (enhanced, "execute_task", self._wrap_group(enhanced.execute_task)),
            (enhanced, "_run_parallel_for_task", self._wrap_loop(enhanced._run_parallel_for_task)),
            (
                enhanced.ParallelExecutor,
                "execute_parallel_tasks",
                self._wrap_iterations(enhanced.ParallelExecutor.execute_parallel_tasks),
            ),
            (
                enhanced.ConditionEvaluator,
                "evaluate_condition",
                staticmethod(self._wrap_condition(enhanced.ConditionEvaluator.evaluate_condition)),
            ),
            (
                task_executor,
                "execute_single_task",
                self._wrap_task(task_executor.execute_single_task),
            ),
            (task_executor, "time", SimpleNamespace(sleep=self._observer.pause)),
            (handlers, "SubprocessTaskHandler", self._handler_class()),
            # They swap print() and the log's handlers for the whole process, from several threads.
            (logging_utils, "local_logger_context", quiet),
            (logging_utils, "indented_print", quiet),
            (logging_utils, "print_horizontal_line", lambda: None),
        ]
        originals = [(owner, name, owner.__dict__[name]) for owner, name, _ in changes]
        try:
            for owner, name, value in changes:
                setattr(owner, name, value)
            yield
        finally:
            for owner, name, value in originals:
                setattr(owner, name, value)

    # --- where a call is

    def _io_store_class(self) -> type:
        watch = self

        class ScopedStore(io.IOStore):  # type: ignore[misc]
            def __init__(self, parent: Any = None) -> None:
                super().__init__(parent)
                self.scope_path: str = getattr(watch._here, "path", "")
                self.dag: Any = getattr(watch._here, "dag", None)
                self.iterations: Dict[str, str] = {}  # kfp's name of an iteration -> its path
                self.decided: List[str] = []  # tasks that started, or never will

            def put_task_status(self, task_name: str, task_status: str) -> None:
                super().put_task_status(task_name, task_status)
                if task_name not in self.decided:
                    self.decided.append(task_name)
                    if task_status == "FAILED":
                        watch._skipped_for_failure(self, task_name)

        return ScopedStore

    def _path(self, store: Any, task_name: str) -> str:
        known: Optional[str] = store.iterations.get(task_name)
        return known if known is not None else join(store.scope_path, task_name)

    def _skipped_for_failure(self, store: Any, task_name: str) -> None:
        task = store.dag.tasks[task_name]
        failed = [join(store.scope_path, name) for name in task.dependent_tasks]
        self._observer.upstream_failed(self._path(store, task_name), failed)

    # --- the wrappers

    def _wrap_dag(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def run_dag(**call: Any) -> Any:
            self._here.dag = call["dag_component_spec"].dag
            return original(**call)

        return run_dag

    def _wrap_group(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def execute_task(**call: Any) -> Any:
            store, name = call["io_store"], call["task_name"]
            store.decided.append(name)
            component = call["components"][call["task_spec"].component_ref.name]
            if component.WhichOneof("implementation") != "dag":
                return original(**call)
            path = self._path(store, name)
            before = getattr(self._here, "path", "")
            self._here.path = path
            self._observer.group_started(path)
            error: Optional[str] = ""
            try:
                outputs, result = original(**call)
                if result == status.Status.SUCCESS:
                    error = None
            except Exception as exception:
                outputs, result, error = {}, status.Status.FAILURE, _sentence(exception)
            finally:
                self._here.path = before
            self._observer.group_ended(path, error)
            return outputs, result

        return execute_task

    def _wrap_loop(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def run_parallel_for_task(**call: Any) -> bool:
            store, name = call["io_store"], call["task_name"]
            store.decided.append(name)
            path = self._path(store, name)
            self._here.loop = (path, call["task_spec"])
            self._observer.group_started(path)
            error: Optional[str] = ""
            try:
                if not original(**call):
                    error = None
            except Exception as exception:
                error = _sentence(exception)
            self._observer.group_ended(path, error)
            return error is not None

        return run_parallel_for_task

    def _wrap_iterations(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def execute_parallel_tasks(executor: Any, tasks: List[Any], **call: Any) -> Any:
            path, loop = self._here.loop
            store = call["io_store"]
            items = []
            item_input = loop.parameter_iterator.item_input
            for index, (name, spec) in enumerate(tasks):
                store.iterations[name] = join(path, str(index))
                items.append(_item(loop, spec, store, index))
            component = loop.component_ref.name
            self._observer.loop_items(path, component, item_input, items)
            return original(executor, tasks=tasks, **call)

        return execute_parallel_tasks

    def _wrap_condition(self, original: Callable[..., bool]) -> Callable[..., bool]:
        def evaluate_condition(condition: str, io_store: Any) -> bool:
            if original(condition, io_store):
                return True
            # The orchestrator doesn't say whose condition it is: the next undecided one in its
            # order.
            order = graph_utils.topological_sort_tasks(io_store.dag.tasks)
            for name in reversed(order):
                policy = io_store.dag.tasks[name].trigger_policy
                if policy.condition == condition and name not in io_store.decided:
                    io_store.decided.append(name)
                    self._observer.condition_false(self._path(io_store, name), _readable(condition))
                    break
            return False

        return evaluate_condition

    def _wrap_task(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def execute_single_task(**call: Any) -> Any:
            store, name, spec = call["io_store"], call["task_name"], call["task_spec"]
            path = self._path(store, name)
            store.decided.append(name)
            inputs: Dict[str, Any] = {}
            error: Optional[str] = None
            try:
                component = call["components"][spec.component_ref.name]
                inputs = _task_inputs(component, spec, store)
            except Exception as exception:
                error = _sentence(exception)
            attempts_max = max(0, spec.retry_policy.max_retry_count) + 1
            if not self._observer.task_started(path, inputs, attempts_max):
                return {}, status.Status.FAILURE
            self._here.task = [path, 0]
            outputs: Dict[str, Any] = {}
            if error is None:
                try:
                    outputs, result = original(**call)
                    error = None if result == status.Status.SUCCESS else ""
                except Exception as exception:
                    error = _sentence(exception)
            self._observer.task_ended(path, outputs, error)
            ok = error is None
            return outputs, status.Status.SUCCESS if ok else status.Status.FAILURE

        return execute_single_task

    def _handler_class(self) -> type:
        watch = self

        class TaskHandler(handlers.SubprocessTaskHandler):  # type: ignore[misc]
            def run(self) -> status.Status:
                watch._here.task[1] += 1
                path, attempt = watch._here.task
                code = watch._observer.run_attempt(
                    path, attempt, list(self.full_command), dict(self.env_vars)
                )
                return status.Status.SUCCESS if code == 0 else status.Status.FAILURE

        return TaskHandler


def _task_inputs(component: Any, spec: Any, store: Any) -> Dict[str, Any]:
    arguments = orchestrator_utils.OrchestratorUtils.make_task_arguments(spec.inputs, store)
    with contextlib.suppress(ValueError):
        arguments = orchestrator_utils.OrchestratorUtils.join_user_inputs_and_defaults(
            arguments, component.input_definitions
        )
    integers = {
        name
        for name, definition in component.input_definitions.parameters.items()
        if definition.parameter_type == _INTEGER
    }
    return {
        name: int(value) if name in integers and isinstance(value, float) else value
        for name, value in arguments.items()
    }


# pipeline_spec.ParameterType.NUMBER_INTEGER
_INTEGER = 2


def _item(loop: Any, iteration: Any, store: Any, index: int) -> Any:
    if loop.WhichOneof("iterator") == "artifact_iterator":
        key = f"{loop.artifact_iterator.item_input}-iteration-{index}"
        return getattr(store.get_parent_input(key), "uri", key)
    given = iteration.inputs.parameters[loop.parameter_iterator.item_input]
    return output_utils.pb2_value_to_python(given.runtime_value.constant)


def _sentence(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text if text else type(error).__name__
