"""Finds the pipeline in a Python file, compiles it, and understands its parameters."""

import importlib.util
import json
import os
import sys
import traceback
import warnings
from typing import Any, Dict, List, Mapping, NamedTuple, Optional

from local_target.errors import UsageError


class CompiledPipeline(NamedTuple):
    name: str
    file: str
    message: Any  # kfp's PipelineSpec
    spec: Dict[str, Any]  # the same as JSON
    platform: Dict[str, Any]  # what it asks of the platform beyond that; often nothing

    @property
    def documents(self) -> List[Dict[str, Any]]:
        """Of the YAML that KFP's compiler writes."""
        return [self.spec, self.platform] if self.platform else [self.spec]


def load(file: str, pipeline: Optional[str] = None) -> CompiledPipeline:
    """Imports the file and compiles its pipeline. Raises UsageError with a sentence."""
    path = os.path.abspath(file)
    if not os.path.isfile(path):
        raise UsageError(f"There is no file {path}.")
    # kfp tells of its own future changes at every component; none concerns who runs the pipeline.
    warnings.simplefilter("ignore", FutureWarning)
    component = _choose(path, _import(path), pipeline)
    from google.protobuf import json_format

    message = component.pipeline_spec
    spec = json_format.MessageToDict(message)
    platform = json_format.MessageToDict(component.platform_spec)
    return CompiledPipeline(message.pipeline_info.name, path, message, spec, platform)


def _import(path: str) -> Dict[str, Any]:
    directory, base = os.path.split(path)
    sys.path.insert(0, directory)
    name = "telltale_pipeline_" + os.path.splitext(base)[0]
    loader_spec = importlib.util.spec_from_file_location(name, path)
    if loader_spec is None or loader_spec.loader is None:
        raise UsageError(f"{path} is not a Python file.")
    module = importlib.util.module_from_spec(loader_spec)
    sys.modules[name] = module
    try:
        loader_spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        raise UsageError(f"{path} can't be imported: {_where(error, path)}") from error
    return vars(module)


def _where(error: BaseException, path: str) -> str:
    what = " ".join(f"{type(error).__name__}: {error}".split())
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == path]
    line = getattr(error, "lineno", None) if isinstance(error, SyntaxError) else None
    if line is None and frames:
        line = frames[-1].lineno
    return what if line is None else f"{what} (line {line})"


def _choose(path: str, names: Mapping[str, Any], wanted: Optional[str]) -> Any:
    from kfp.dsl.graph_component import GraphComponent

    found: Dict[str, Any] = {}
    for name, value in names.items():
        if isinstance(value, GraphComponent) and value not in found.values():
            found[name] = value
    if wanted is not None:
        for name, value in found.items():
            if wanted in (name, value.name):
                return value
        listed = f" It has: {', '.join(found)}." if found else ""
        raise UsageError(f"{path} has no pipeline named {wanted}.{listed}")
    if not found:
        raise UsageError(f"{path} has no pipeline: decorate a function with @dsl.pipeline.")
    if len(found) > 1:
        raise UsageError(
            f"{path} has {len(found)} pipelines ({', '.join(found)}): "
            f"choose one with --pipeline NAME."
        )
    return next(iter(found.values()))


def arguments(pipeline: CompiledPipeline, given: List[str]) -> Dict[str, Any]:
    """Values of `--param name=value`, checked against the pipeline's parameters."""
    definitions = _definitions(pipeline)
    values: Dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--param {text} has no value: write --param NAME=VALUE.")
        if name not in definitions:
            known = ", ".join(sorted(definitions)) or "none"
            raise UsageError(f"The pipeline has no parameter {name}. It has: {known}.")
        values[name] = _value(name, value, definitions[name].get("parameterType", "STRING"))
    needed = [
        name
        for name, definition in definitions.items()
        if name not in values
        and not definition.get("isOptional")
        and "defaultValue" not in definition
    ]
    if needed:
        listed = " ".join(f"--param {name}=…" for name in sorted(needed))
        raise UsageError(
            f"The pipeline needs a value for {', '.join(sorted(needed))}: add {listed}."
        )
    return values


def with_defaults(pipeline: CompiledPipeline, values: Mapping[str, Any]) -> Dict[str, Any]:
    """All parameters as the run uses them, for showing."""
    merged: Dict[str, Any] = {}
    for name, definition in _definitions(pipeline).items():
        value = values.get(name, definition.get("defaultValue"))
        if definition.get("parameterType") == "NUMBER_INTEGER" and isinstance(value, float):
            value = int(value)
        merged[name] = value
    return merged


def _definitions(pipeline: CompiledPipeline) -> Dict[str, Dict[str, Any]]:
    inputs = pipeline.spec["root"].get("inputDefinitions", {})
    if inputs.get("artifacts"):
        names = ", ".join(sorted(inputs["artifacts"]))
        raise UsageError(
            f"The pipeline takes artifacts ({names}); only parameters can be given here."
        )
    found: Dict[str, Dict[str, Any]] = inputs.get("parameters", {})
    return found


_KINDS = {"LIST": (list, "a JSON list"), "STRUCT": (dict, "a JSON object")}


def _value(name: str, text: str, kind: str) -> Any:
    try:
        if kind == "NUMBER_INTEGER":
            return int(text)
        if kind == "NUMBER_DOUBLE":
            return float(text)
    except ValueError:
        wanted = "a whole number" if kind == "NUMBER_INTEGER" else "a number"
        raise UsageError(f"--param {name}={text}: {name} is {wanted}.") from None
    if kind == "BOOLEAN":
        if text.lower() not in ("true", "false"):
            raise UsageError(f"--param {name}={text}: {name} is true or false.")
        return text.lower() == "true"
    if kind in _KINDS:
        wanted_type, wanted = _KINDS[kind]
        try:
            value = json.loads(text)
        except ValueError:
            value = None
        if not isinstance(value, wanted_type):
            raise UsageError(f"--param {name}={text}: {name} is {wanted}.")
        return value
    return text
