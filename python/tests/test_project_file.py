"""telltale.yaml: what it says, and where it is wrong."""

import pytest

from delivery.errors import DeliveryError
from delivery.project_file import Settings, read


def test_all_that_it_may_hold() -> None:
    text = b"""
pipeline: {file: training/pipeline.py, name: demo}
requirements: requirements-train.txt
test: [pytest, -q, tests/unit]
parameters:
  epochs: 3
  rate: 1e-3
  name: "7"
  layers: [64, 32]
  debug: false
branches:
  main: {parameters: {epochs: 20}}
  "feature/*": {parameters: {epochs: 1}}
  "*": {}
"""
    common = {"rate": "1e-3", "name": "7", "layers": "[64, 32]", "debug": "false"}
    settings = read(text, "main")
    assert settings.file == "training/pipeline.py"
    assert settings.pipeline == "demo"
    assert settings.requirements == "requirements-train.txt"
    assert settings.test == ["pytest", "-q", "tests/unit"]
    assert settings.parameters == {**common, "epochs": "20"}
    assert read(text, "feature/a").parameters == {**common, "epochs": "1"}
    assert read(text, "other").parameters == {**common, "epochs": "3"}


def test_nothing_is_said_by_nothing() -> None:
    assert read(b"", "main") == Settings()
    assert read(b"# to come\n", "main") == Settings()
    assert read(b"test: false", "main").test == []
    assert read(b"pipeline: a.py", "main").file == "a.py"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("pipelines: a.py", "1:1: telltale.yaml has no pipelines; it may have pipeline,"),
        ("parameters:\n  epochs: 1\npipeline: ../a.py", "3:11: ../a.py is no path"),
        ("pipeline: /etc/passwd", "1:11: /etc/passwd is no path"),
        ("test: pytest", "1:7: test is a command as a list of words"),
        ("parameters: [1, 2]", "1:13: parameters is names with values"),
        ("branches:\n  main: {parameter: {}}", "2:10: the branch main has no parameter;"),
        ("pipeline: a.py\npipeline: b.py", "2:1: pipeline stands here twice"),
        ("pipeline: [", "1:12: "),
        ("a: &x {b: 1}\nc: *x", "2:4: references"),
        ("- pipeline", "1:1: telltale.yaml is names with values"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, place: str) -> None:
    with pytest.raises(DeliveryError) as raised:
        read(text.encode(), "main")
    assert str(raised.value).startswith(f"telltale.yaml:{place}")


def test_no_tag_makes_an_object() -> None:
    assert read(b"pipeline: !!python/object:os.system a", "main").file == "a"


def test_hostile_text_is_refused_in_little_time() -> None:
    for data in (b"[" * 60_000, b"\xff\xfe\x00", b"a: " + b"x" * 70_000, b"a:\n" * 5_000):
        with pytest.raises(DeliveryError):
            read(data, "main")


def test_a_branch_names_its_own_target() -> None:
    text = b"target: staging\nworkflow: a/b.yaml\nbranches:\n  main: {target: production}\n"
    assert read(text, "main").target == "production"
    assert read(text, "other").target == "staging"
    assert read(text, "other").workflow == "a/b.yaml"
    assert not read(b"pipeline: a.py\n", "main").target
    with pytest.raises(DeliveryError, match="is no path of a file in this repository"):
        read(b"workflow: ../a.yaml\n", "main")
