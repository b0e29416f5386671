"""Each check is shown a small tree with one breach planted, and must name it; and the same tree
without it, and must be content."""
import pathlib
import tempfile
import unittest
from typing import Callable, Dict, List

import check_layers
import check_style
import long_functions
import test_report
import wrap_comments

HEADER = "// A thing that is there to be looked at, owned by nobody.\n#pragma once\n"
GOOD: Dict[str, str] = {
    "server/base/ids.h": HEADER,
    "server/base/README.md": "What belongs here.\n",
    "server/log/memory_log.h": HEADER + '#include "base/ids.h"\n#include <vector>\n',
    "server/log/README.md": "See [ids](../base/ids.h).\n",
    "ui/src/base/time.ts": "export const now = 1;\n",
    "ui/src/plugins/graph/view.tsx": "import {now} from '../../base/time';\n",
    "python/telltale/client.py": "import json\n",
    "ARCHITECTURE.md": "| a | `server/base` | - | - |\n| b | `server/log` | - | - |\n",
}


class Planted(unittest.TestCase):
    def found(self, check: Callable[[pathlib.Path], List[str]], planted: Dict[str, str]) -> str:
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in {**GOOD, **planted}.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text, encoding="utf-8")
            return "\n".join(check(root))

    def test_a_good_tree_is_good(self) -> None:
        self.assertEqual(self.found(check_layers.problems, {}), "")
        self.assertEqual(self.found(check_style.problems, {}), "")

    def test_a_function_fits_a_screen(self) -> None:
        body = "  x = 1;\n" * 70
        for name, text in [
            ("server/base/x.cc", "int f(int a,\n      int b) {\n" + body + "}\n"),
            ("server/base/x.h", HEADER + "class A {\n  int f() {\n" + body + "  }\n};\n"),
            ("ui/src/base/x.tsx", "export function F() {\n" + body + "}\n"),
            ("python/telltale/x.py", "def f():\n" + "    x = 1\n" * 71),
        ]:
            with self.subTest(name=name):
                found = self.found(lambda root: list(long_functions.problems(root)), {name: text})
                self.assertIn("more than 70", found)
                entry = f"{name} {'F' if name.endswith('x') else 'f'} {{}}\n"
                for length, words in [(100, "lines now"), (71, "more than 71")]:
                    known = {name: text, long_functions.TABLE: entry.format(length)}
                    self.assertIn(words, self.found(
                        lambda root: list(long_functions.problems(root)), known))

    def test_layers(self) -> None:
        for name, text, words in [
            ("server/base/x.cc", '#include "log/memory_log.h"\n', "base may not include log/"),
            ("server/magic/x.cc", "", "server/magic is no stage"),
            ("ui/src/base/x.ts", "import '../app/main';\n", "base may not import ../app/main"),
            ("ui/src/plugins/log/x.ts", "export * from '../graph/view';\n", "import a plugin"),
            ("python/telltale/x.py", "import numpy\n", "standard library, not numpy"),
            ("python/telltale/x.py", "from local_target import a\n", "may not import local_target"),
            ("ARCHITECTURE.md", "| a | `server/base` | `server/base/gone.h` | - |\n", "no row for"),
            ("ARCHITECTURE.md", "| a | `server/gone` | - | - |\n", "there is no server/gone"),
        ]:
            with self.subTest(name=name, words=words):
                self.assertIn(words, self.found(check_layers.problems, {name: text}))

    def test_events_are_appended_by_the_gate_alone(self) -> None:
        folders = {f"server/{stage}/x.h": HEADER for stage in ("collect", "loops", "serve")}
        rows = "".join(f"| x | `server/{stage}` | - | - |\n"
                       for stage in ("collect", "loops", "serve"))
        tree = {**folders, "ARCHITECTURE.md": GOOD["ARCHITECTURE.md"] + rows}
        for name, text, words in [
            ("server/serve/x.cc", "log_.append(ports::kEventsTopic, {});\n", "x.cc:1: events are"),
            ("server/serve/x.cc", "\nlog_->append(\n    topic, {});\n", "x.cc:2: events are"),
            ("server/serve/x.cc", "site.log->append(topic, {});\n", "event_gate alone"),
            ("server/serve/x.cc", "sink.append(ports::kEventsTopic, {});\n", "event_gate alone"),
            ("server/loops/fold_loop_save.cc", "log_.append(ports::kEventsTopic, {});\n", "alone"),
            ("server/loops/fold_loop_save.cc", "log_.append(\n ports::kRunsTopic, {});\n", ""),
            ("server/collect/event_gate.cc", "log_.append(ports::kEventsTopic, {});\n", ""),
            ("server/serve/x_test.cc", "log_.append(ports::kEventsTopic, {});\n", ""),
            ("server/log/x.cc", "log_.append(ports::kEventsTopic, {});\n", ""),
            ("server/serve/x.cc", "text.append(part); gate_.append(event, done);\n", ""),
        ]:
            with self.subTest(name=name, text=text):
                found = self.found(check_layers.problems, {**tree, name: text})
                self.assertIn(words, found)
                if words == "":
                    self.assertEqual(found, "")

    def test_a_stage_may_not_see_its_neighbour_but_its_test_may_use_memory(self) -> None:
        text = '#include "log/memory_log.h"\n'
        store = {"server/store/s.h": HEADER,
                 "ARCHITECTURE.md": GOOD["ARCHITECTURE.md"] + "| c | `server/store` | - | - |\n"}
        self.assertIn("store may not include log/memory_log.h",
                      self.found(check_layers.problems, {**store, "server/store/s.cc": text}))
        self.assertEqual("", self.found(check_layers.problems,
                                        {**store, "server/store/s_test.cc": text}))

    def test_style(self) -> None:
        for name, text, words in [
            ("server/base/x.cc", "x\n" * 601, "601 lines"),
            ("server/base/x.cc", "x" * 101, "101 columns"),
            ("server/base/x.h", "// Something that is described in a few words.\n", "pragma once"),
            ("server/base/x.h", "#pragma once\n", "opens with a paragraph"),
            ("server/base/x.cc", "// TO" "DO later\n", "finish it"),
            ("server/base/x.cc", "  ::waitpid(pid, &status, 0);\n", "by ports/process.h alone"),
            ("README.md", "cd /wo" "rk/main\n", "somebody's machine"),
            ("README.md", "See [that](docs/that.md).\n", "leads nowhere"),
            ("server/fold/x.cc", "", "server/fold: no README.md"),
            ("server/base/README.md", "x\n" * 26, "more than 25 lines"),
            ("ui/test/x.test.ts", "it.skip('later', () => {});\n", "switched off"),
            ("server/log/x.cc", "request.body->read(9, done);\n", "gathered by WholeBody"),
            ("server/log/x.cc", "http::request_parser<http::string_body> p;\n", "by WholeBody"),
            ("ui/package-lock.json", '"resolved": "' 'https://a/x.tgz"', "download addresses"),
        ]:
            with self.subTest(name=name, words=words):
                self.assertIn(words, self.found(check_style.problems, {name: text}))


class Comments(unittest.TestCase):
    def test_a_wide_paragraph_is_filled_and_its_neighbours_stay(self) -> None:
        wide = "// " + "word " * 25
        lines = ["// --- a heading", wide.rstrip(), "// end.", "//  - item " + "x" * 60,
                 "//    goes on", "int x;  // " + "y" * 100]
        got = wrap_comments.wrapped(lines)
        self.assertEqual(got[0], lines[0])
        self.assertEqual(got[2], "// " + "word " * 6 + "end.")
        self.assertEqual(got[3:], lines[3:])
        self.assertEqual(wrap_comments.wrapped(got), got)


class Report(unittest.TestCase):
    def cases(self, xml: str, status: int) -> List[test_report.Case]:
        with tempfile.TemporaryDirectory() as folder:
            results = pathlib.Path(folder)
            (results / "junit").mkdir()
            if xml:
                (results / "junit" / "cpp.xml").write_text(xml, encoding="utf-8")
            return test_report.suite_cases(results, "cpp", status)

    def test_counts_and_reasons(self) -> None:
        cases = self.cases(
            '<testsuite><testcase name="a"/>'
            '<testcase name="b"><failure message="was 2"/></testcase>'
            '<testcase name="c"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/><system-out>'
            "x_test.cc:7: Skipped\nno tmpfs here\n\n[  SKIPPED ] c\n</system-out></testcase>"
            "</testsuite>", 8)
        self.assertEqual([c.outcome for c in cases], ["passed", "failed", "skipped"])
        self.assertEqual([c.reason for c in cases], ["", "was 2", "no tmpfs here"])

    def test_a_suite_that_dies_is_a_failure(self) -> None:
        self.assertEqual([c.outcome for c in self.cases("", 2)], ["failed"])
        self.assertEqual([c.outcome for c in self.cases('<s><testcase name="a"/></s>', 139)],
                         ["passed", "failed"])
        self.assertEqual(self.cases("<broken", 0)[0].outcome, "failed")


if __name__ == "__main__":
    unittest.main()
