"""telltale.yaml, which names what a delivery would otherwise find by itself. Pure: text to
settings, or a DeliveryError with line and column. What it may hold: docs/formats/telltale-yaml.md.
"""

import fnmatch
import json
from types import MappingProxyType
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Optional, Tuple

import yaml

from delivery.errors import DeliveryError

NAME = "telltale.yaml"
_BYTES = 16 * 1024
_DEPTH = 20


class Settings(NamedTuple):
    file: str = ""  # of the pipeline; empty: the one there is
    pipeline: str = ""  # which one of the file
    requirements: str = ""
    workflow: str = ""  # path of Argo's own kind of file, in the place of a pipeline
    target: str = ""  # of the server's; empty: local
    test: Optional[List[str]] = None  # the command's words; [] is no test, None is what there is
    parameters: Mapping[str, str] = MappingProxyType(
        {}
    )  # as --param takes them, those of the branch included


class _Reader:
    """One walk over the nodes, so that each complaint has its place."""

    def __init__(self, branch: str) -> None:
        self._branch = branch

    def settings(self, root: Any) -> Settings:
        found = self._fields(
            root,
            "telltale.yaml",
            {
                "pipeline": self._pipeline,
                "requirements": self._path,
                "test": self._words,
                "workflow": self._path,
                "target": self._text,
                "parameters": self._parameters,
                "branches": self._branches,
            },
        )
        file, pipeline = found.get("pipeline", ("", ""))
        branch = found.get("branches", {})
        return Settings(
            file,
            pipeline,
            found.get("requirements", ""),
            found.get("workflow", ""),
            branch.get("target", found.get("target", "")),
            found.get("test"),
            {**found.get("parameters", {}), **branch.get("parameters", {})},
        )

    def _fields(
        self, node: Any, what: str, known: Dict[str, Callable[[Any], Any]]
    ) -> Dict[str, Any]:
        found = {}
        for key, value in self._pairs(node, what):
            if key.value not in known:
                raise _at(key, f"{what} has no {key.value}; it may have {', '.join(known)}")
            if key.value in found:
                raise _at(key, f"{key.value} stands here twice")
            found[key.value] = known[key.value](value)
        return found

    def _pairs(self, node: Any, what: str) -> List[Tuple[Any, Any]]:
        if not isinstance(node, yaml.MappingNode):
            raise _at(node, f"{what} is names with values, `name: value` a line")
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _at(key, "a name is a word")
        return list(node.value)

    def _text(self, node: Any) -> str:
        if not isinstance(node, yaml.ScalarNode) or not node.value:
            raise _at(node, "this is a text")
        return str(node.value)

    def _path(self, node: Any) -> str:
        path = self._text(node)
        if path.startswith(("/", "-", "~")) or ".." in path.split("/"):
            raise _at(node, f"{path} is no path of a file in this repository")
        return path

    def _pipeline(self, node: Any) -> Tuple[str, str]:
        if isinstance(node, yaml.ScalarNode):
            return self._path(node), ""
        found = self._fields(node, "pipeline", {"file": self._path, "name": self._text})
        return found.get("file", ""), found.get("name", "")

    def _words(self, node: Any) -> List[str]:
        if isinstance(node, yaml.SequenceNode) and node.value:
            return [self._text(word) for word in node.value]
        truth = isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:bool"
        if truth and node.value.lower() in ("false", "no", "off"):
            return []
        raise _at(node, "test is a command as a list of words, [pytest, tests/unit], or false")

    def _parameters(self, node: Any) -> Dict[str, str]:
        return {key.value: _text_of(value) for key, value in self._pairs(node, "parameters")}

    def _branches(self, node: Any) -> Dict[str, Any]:
        """Of the first that the branch matches."""
        chosen: Optional[Dict[str, Any]] = None
        known = {"parameters": self._parameters, "target": self._text}
        for key, value in self._pairs(node, "branches"):
            found = self._fields(value, f"the branch {key.value}", known)
            if chosen is None and fnmatch.fnmatchcase(self._branch, key.value):
                chosen = found
        return chosen or {}


def _text_of(node: Any) -> str:
    """A parameter's value as --param takes it: text as it is, all else as JSON."""
    value = _value_of(node)
    return value if isinstance(value, str) else json.dumps(value)


def _value_of(node: Any) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [_value_of(item) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): _value_of(value) for key, value in node.value}
    kind = node.tag.rsplit(":", 1)[-1]
    if kind not in ("str", "int", "float", "bool", "null"):
        return node.value
    try:
        return yaml.safe_load(node.value) if node.style is None else node.value
    except yaml.YAMLError:
        return node.value


def _at(node: Any, what: str) -> DeliveryError:
    mark = node.start_mark
    return DeliveryError(f"{NAME}:{mark.line + 1}:{mark.column + 1}: {what}.")


_OPENS = (
    yaml.FlowSequenceStartToken,
    yaml.FlowMappingStartToken,
    yaml.BlockSequenceStartToken,
    yaml.BlockMappingStartToken,
)
_CLOSES = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken, yaml.BlockEndToken)


def _check_tokens(data: bytes) -> None:
    """What would make much of little, before anything is made of it."""
    depth = 0
    for token in yaml.scan(data, Loader=yaml.SafeLoader):
        depth += isinstance(token, _OPENS) - isinstance(token, _CLOSES)
        if depth > _DEPTH:
            raise _at(token, "this is nested too deeply")
        if isinstance(token, yaml.AliasToken):
            raise _at(token, "references (*name) are not taken here")


def read(data: bytes, branch: str) -> Settings:
    if len(data) > _BYTES:
        raise DeliveryError(f"{NAME} is larger than {_BYTES >> 10} KiB.")
    try:
        _check_tokens(data)
        root = yaml.compose(data, Loader=yaml.SafeLoader)
        return Settings() if root is None else _Reader(branch).settings(root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
        raise DeliveryError(f"{NAME}{place}: {error.problem or error.context}.") from None
    except (yaml.YAMLError, UnicodeError):
        raise DeliveryError(f"{NAME}: this is no text.") from None
