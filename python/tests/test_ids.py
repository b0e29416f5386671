import json
from pathlib import Path

import pytest

from telltale import ids

GOLDEN = Path(__file__).resolve().parents[2] / "schema" / "golden" / "ids.json"


@pytest.mark.parametrize("vector", json.loads(GOLDEN.read_text(encoding="utf-8")))
def test_ids_agree_with_the_golden_vectors(vector: dict) -> None:
    assert ids.hash_id(*vector["parts"]) == vector["id"]
    assert ids.is_id(vector["id"])


def test_no_parts_are_the_first_bits_of_the_empty_digest() -> None:
    assert ids.hash_id() == "4oymiquy7qobjgx36tejs35zeq"


def test_named_ids_use_the_documented_parts() -> None:
    assert ids.run_key("local", "", "a", "b") == ids.hash_id("run", "local", "", "a", "b")
    assert ids.task_id("a/b") == ids.hash_id("task", "a/b")
    assert ids.series_id("a", "loss") == ids.hash_id("series", "a", "loss")
    assert ids.artifact_id("a", "m", True) == ids.hash_id("artifact", "a", "m", "input")
    assert ids.artifact_id("a", "m", False) == ids.hash_id("artifact", "a", "m", "output")


@pytest.mark.parametrize("text", ["", "a" * 25, "a" * 27, "A" * 26, "0" * 26, "../" + "a" * 23])
def test_other_text_is_no_id(text: str) -> None:
    assert not ids.is_id(text)


def test_a_slash_in_a_name_stays_one_segment() -> None:
    assert ids.path_segment("a/b") == "a%2Fb"
