"""test_report.py RESULTS: sums the JUnit files of RESULTS/junit by suite, prints a table, every
failure and every skip with its reason, and `N passed, N failed, N skipped`.

RESULTS/suites.tsv has a line per suite that ran: name, exit status, seconds. A suite that ended
badly without a failed test counts as one failure. Ends with 1 on any failure, and where nothing
was run.
"""
import pathlib
import re
import sys
from typing import List, NamedTuple
from xml.etree import ElementTree


class Case(NamedTuple):
    name: str
    outcome: str  # passed | failed | skipped
    reason: str


def reason_of(case: ElementTree.Element, note: ElementTree.Element) -> str:
    """The words a person wrote: GoogleTest's stand in the output, others' in the message."""
    output = case.findtext("system-out") or ""
    found = re.search(r":\d+: Skipped\n(.*?)\n\s*(?:\n|\[)", output, re.DOTALL)
    if found:
        return " ".join(found.group(1).split())
    words = note.get("message") or (note.text or "").strip() or "no reason given"
    return " ".join(words.split())[:300]


def cases_of(path: pathlib.Path) -> List[Case]:
    cases = []
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        group = case.get("classname") or ""
        name = case.get("name") or "?"
        title = name if group in ("", name) else f"{group}: {name}"
        bad = next((n for n in case if n.tag in ("failure", "error")), None)
        skip = next((n for n in case if n.tag == "skipped"), None)
        if bad is not None:
            cases.append(Case(title, "failed", reason_of(case, bad)))
        elif skip is not None:
            cases.append(Case(title, "skipped", reason_of(case, skip)))
        else:
            cases.append(Case(title, "passed", ""))
    return cases


def suite_cases(results: pathlib.Path, name: str, status: int) -> List[Case]:
    cases: List[Case] = []
    for path in sorted((results / "junit").glob(f"{name}*.xml")):
        try:
            cases += cases_of(path)
        except ElementTree.ParseError as error:
            cases.append(Case(path.name, "failed", f"no readable report: {error}"))
    if status != 0 and not any(case.outcome == "failed" for case in cases):
        cases.append(Case(name, "failed", f"ended with status {status}; its log tells why"))
    if status == 0 and not cases:
        cases.append(Case(name, "passed", ""))  # a check without cases is one by itself
    return cases


def main(arguments: List[str]) -> int:
    results = pathlib.Path(arguments[0])
    table = results / "suites.tsv"
    total = {"passed": 0, "failed": 0, "skipped": 0}
    notes: List[str] = []
    print(f"\n{'suite':<12}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}")
    for line in table.read_text().splitlines() if table.exists() else []:
        name, status, seconds = line.split("\t")
        cases = suite_cases(results, name, int(status))
        count = {outcome: sum(case.outcome == outcome for case in cases) for outcome in total}
        print(f"{name:<12}" + f"{count['passed']:>8}{count['failed']:>8}{count['skipped']:>9}"
              + f"{seconds:>9}")
        notes += [f"{case.outcome}  {name}  {case.name}: {case.reason}"
                  for case in cases if case.outcome != "passed"]
        for outcome in total:
            total[outcome] += count[outcome]
    if notes:
        print()
    for note in sorted(notes, reverse=True):
        print(note)
    print(f"\n{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    if total["passed"] == 0:
        print("No test was run.")
    return 1 if total["failed"] or total["passed"] == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
