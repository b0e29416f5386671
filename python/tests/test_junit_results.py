"""Results of tests as JUnit's XML tells them: read without harm, whatever the file is."""

from pathlib import Path
from typing import Optional

import pytest

from delivery import junit_results

XML = """<?xml version="1.0"?>
<testsuites><testsuite name="pytest" tests="4">
<testcase classname="test_it" name="test_good" time="0.25"/>
<testcase classname="test_it" name="test_bad" time="nan"><failure message="assert 1 == 2&#10;x">t
</failure></testcase>
<testcase classname="test_it" name="test_error" time="1e99"><error message="no"/></testcase>
<testcase name="test_later" time="0"><skipped message="later"/></testcase>
</testsuite></testsuites>
"""


def read(folder: Path, text: str) -> Optional[junit_results.Results]:
    path = folder / "junit.xml"
    path.write_text(text)
    return junit_results.read(str(path))


def test_counts_and_cases_with_those_that_failed_first(tmp_path: Path) -> None:
    found = read(tmp_path, XML)
    assert found is not None
    assert (found["passed"], found["failed"], found["skipped"]) == (1, 2, 1)
    names = [(case["name"], case["outcome"], case["seconds"]) for case in found["cases"]]
    assert names == [
        ("test_it.test_bad", "failed", 0.0),
        ("test_it.test_error", "failed", 0.0),
        ("test_later", "skipped", 0.0),
        ("test_it.test_good", "passed", 0.25),
    ]
    assert junit_results.table(found)[0] == "✗     0.00 s  test_it.test_bad  assert 1 == 2"


HARMFUL = {
    "entities": '<!DOCTYPE t [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><t><testcase name="&b;"/></t>',
    "a file": '<!DOCTYPE t [<!ENTITY a SYSTEM "file:///etc/passwd">]><t><testcase name="&a;"/></t>',
    "deep": "<t>" * 5000 + '<testcase name="x"/>' + "</t>" * 5000,
    "cut off": XML[:200],
    "no xml": "hello",
    "empty": "",
    "none in it": "<testsuites/>",
    "large": XML.replace("test_good", "x" * (17 << 20)),
}


@pytest.mark.parametrize("kind", HARMFUL)
def test_what_is_no_such_file_is_nothing(tmp_path: Path, kind: str) -> None:
    assert read(tmp_path, HARMFUL[kind]) is None


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "real.xml").write_text(XML)
    (tmp_path / "link.xml").symlink_to(tmp_path / "real.xml")
    assert junit_results.read(str(tmp_path / "link.xml")) is None
    assert junit_results.read(str(tmp_path / "nothing.xml")) is None


def test_a_great_many_are_counted_and_some_are_told(tmp_path: Path) -> None:
    cases = "".join(f'<testcase name="t{n}"/>' for n in range(5000))
    found = read(tmp_path, f"<t>{cases}<testcase name='bad'><failure/></testcase></t>")
    assert found is not None
    assert (found["passed"], found["failed"], len(found["cases"])) == (5000, 1, 500)
    assert found["cases"][0]["name"] == "bad"
