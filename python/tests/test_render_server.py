"""The drop-in for Kubeflow's Python visualization server, asked as its callers ask."""

import json
import socket
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Iterator

import pytest
from render_support import environment, post, served


@pytest.fixture(scope="module")
def folder(tmp_path_factory: Any) -> Path:
    path: Path = tmp_path_factory.mktemp("render")
    path.chmod(0o755)
    (path / "types").mkdir(mode=0o755)
    return path


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    arguments = ["--types", str(folder / "types"), "--source-root", str(folder)]
    yield from served(arguments, environment())


def custom(*lines: str) -> dict:
    return {"type": "custom", "source": "", "arguments": json.dumps({"code": lines})}


def test_get_says_alive_and_nothing_else_is_there(url: str) -> None:
    with urllib.request.urlopen(url + "/") as answer:
        assert (answer.status, answer.read()) == (200, b"alive")
    request = urllib.request.Request(url + "/", method="HEAD")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code == 405
    assert post(url + "/elsewhere", custom("1"))[0] == 404


def test_a_wrong_form_is_answered_with_the_bytes_that_callers_compare(url: str) -> None:
    rows = [
        ({"arguments": "{}"}, "No type provided."),
        ({"type": "table"}, "No source provided."),
        ({"type": "CUSTOM", "arguments": "{}"}, "No source provided."),
        ({"type": "custom", "arguments": "[]"}, "Invalid JSON provided as arguments!"),
        ({"type": "custom", "arguments": '"{}"'}, "Invalid JSON provided as arguments!"),
        (
            {"type": "table", "arguments": "{"},
            "Invalid JSON provided as arguments: Expecting property name enclosed in double "
            "quotes: line 1 column 2 (char 1)",
        ),
    ]
    for form, reason in rows:
        status, line, body = post(url, form)
        expected = f"<html><title>400: {reason}</title><body>400: {reason}</body></html>"
        assert (status, line, body.decode()) == (400, reason, expected)


def test_a_form_in_json_or_in_the_query_is_no_form(url: str) -> None:
    request = urllib.request.Request(
        url + "/?type=custom",
        data=b'{"type":"custom"}',
        headers={"Content-Type": "application/json"},
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code == 400
    assert b"400: No type provided." in refused.value.read()


def test_an_unknown_type_is_500_and_no_path_is_made_of_it(url: str, folder: Path) -> None:
    (folder / "loose.py").write_text("print('loose')")
    body = b"<html><title>500: Internal Server Error</title>"
    for name in ("nope", "../loose", "TABLE", str(folder / "loose")):
        status, _, answer = post(url, {"type": name, "source": "x"})
        assert status == 500 and answer.startswith(body)


def test_custom_code_is_shown_in_the_elements_of_1_8_22(url: str) -> None:
    status, _, body = post(url, custom("print(2)", "'<b>'"))
    page = body.decode()
    assert status == 200
    assert '<div class="output_wrapper"><div class="output">' in page
    assert (
        '<div class="output_area"><div class="prompt"></div>\n'
        '<div class="output_subarea output_stream output_stdout output_text">\n<pre>2\n</pre>'
    ) in page
    assert "&#x27;&lt;b&gt;&#x27;" in page
    assert "http:" not in page and "https:" not in page


def test_source_and_variables_are_data_and_nothing_survives_a_request(url: str) -> None:
    form = custom("print(source, variables['x'])", "kept = 1")
    form["source"] = "a\"quote'\n"
    form["arguments"] = json.dumps({**json.loads(form["arguments"]), "x": "é"})
    assert b"<pre>a&quot;quote&#x27;\n \xc3\xa9\n</pre>" in post(url, form)[2]
    assert b"NameError" in post(url, custom("kept"))[2]


def test_a_failing_script_is_200_with_its_traceback(url: str) -> None:
    status, _, body = post(url, custom("1/0"))
    assert status == 200
    assert b'<div class="output_subarea output_error">' in body
    assert b"ZeroDivisionError" in body and b"ansi-red" in body
    status, _, body = post(url, custom("import os", "os._exit(9)"))
    assert status == 200 and b"ended by itself with status 9" in body


def test_prints_of_a_type_are_not_shown(url: str, folder: Path) -> None:
    (folder / "types" / "loud.py").write_text('"""Loud"""\nsource: str = ""\nprint("hidden")\n7\n')
    page = post(url, {"type": "loud", "source": "x"})[2]
    assert b"hidden" not in page and b"<pre>7</pre>" in page


def test_a_type_is_added_and_changed_by_its_file_while_the_server_runs(
    url: str, folder: Path
) -> None:
    assert post(url, {"type": "dropped", "source": "x"})[0] == 500
    file = folder / "types" / "dropped.py"
    file.write_text('"""Dropped"""\nsource: str\ntimes: int = 2\nsource * times\n')
    assert b"xx" in post(url, {"type": "dropped", "source": "x"})[2]
    three = {"type": "dropped", "source": "x", "arguments": '{"times": "3"}'}
    assert b"xxx" in post(url, three)[2]
    assert post(url, {**three, "arguments": '{"times": "many"}'})[0] == 400
    file.unlink()
    assert post(url, {"type": "dropped", "source": "x"})[0] == 500


def test_a_web_page_and_an_unknown_host_are_refused(url: str) -> None:
    for header in ({"Origin": "http://evil"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil"}):
        assert post(url, custom("print(2)"), header)[0] == 403


def test_jobs_run_side_by_side_and_the_probe_answers_meanwhile(url: str, folder: Path) -> None:
    """Each of eight waits until all eight have begun: one after another they would never end."""
    meeting = folder / "meeting"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(meeting))
    meeting.chmod(0o777)
    listener.listen(8)
    listener.settimeout(300)
    code = (
        "import socket",
        "s = socket.socket(socket.AF_UNIX)",
        f"s.connect({str(meeting)!r})",
        "print('met', s.recv(10))",
    )
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(post(url, custom(*code)))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    met = [listener.accept()[0] for _ in threads]
    with urllib.request.urlopen(url + "/") as answer:
        assert answer.read() == b"alive"
    for one in met:
        one.sendall(b"all")
    for thread in threads:
        thread.join()
    assert [b"met b&#x27;all&#x27;" in body for _, _, body in answers] == [True] * 8
    for one in (*met, listener):
        one.close()


def test_a_page_of_fifty_mebibytes_arrives_whole(url: str) -> None:
    code = ("from IPython.display import HTML, display", "display(HTML('x' * (50 << 20)))")
    assert post(url, custom(*code))[2].count(b"x" * (50 << 20)) == 1


def test_generated_roc_and_table(url: str, folder: Path) -> None:
    (folder / "roc.csv").write_text("0,0,2\n0,0.5,0.9\n0.5,1,0.4\n1,1,0.1\n")
    form = {"type": "roc_curve", "source": str(folder / "roc.csv")}
    page = post(url, {**form, "arguments": '{"is_generated": "true"}'})[2]
    assert b"AUC 0.8750" in page and b"threshold 0.9" in page
    (folder / "rows.csv").write_text("a,b\n1,x</script>\n2.5,y\n")
    page = post(url, {"type": "table", "source": str(folder / "row*.csv"), "arguments": "{}"})[2]
    assert b"2 rows" in page and page.count(b"</script>") == 2
    told = page.partition(b'class="data">')[2].partition(b"</script>")[0]
    assert json.loads(told) == {"columns": ["a", "b"], "rows": [[1, "x</script>"], [2.5, "y"]]}
    assert b"https:" not in page
