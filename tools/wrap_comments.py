"""wrap_comments.py FILE...: fills a comment's paragraph anew where one of its lines is longer than
100 columns. clang-format would break just that line and leave a word on the next one. Items of
lists and code in comments keep their place."""
import pathlib
import re
import sys
import textwrap
from typing import List

COLUMNS = 100
COMMENT = re.compile(r"^(\s*)(//|#)( *)(.*)$")
ITEM = re.compile(r"^([-*] |\d+\. )")


def filled(paragraph: List[str]) -> List[str]:
    if all(len(line) <= COLUMNS for line in paragraph):
        return paragraph
    indent, mark, gap, text = COMMENT.match(paragraph[0]).groups()  # type: ignore[union-attr]
    first = f"{indent}{mark}{gap}"
    item = ITEM.match(text)
    rest = first + " " * len(item.group(1)) if item else first
    words = " ".join(COMMENT.match(line).group(4) for line in paragraph)  # type: ignore[union-attr]
    return textwrap.wrap(words, COLUMNS, initial_indent=first, subsequent_indent=rest,
                         break_long_words=False, break_on_hyphens=False)


def wrapped(lines: List[str]) -> List[str]:
    out: List[str] = []
    paragraph: List[str] = []
    for line in [*lines, ""]:
        found = COMMENT.match(line)
        is_text = bool(found and found.group(3) and re.match(r"(?!---)\S", found.group(4)))
        goes_on = False
        if is_text and paragraph:
            head = COMMENT.match(paragraph[0])
            indent = len(head.group(3))  # type: ignore[union-attr]
            item = ITEM.match(head.group(4))  # type: ignore[union-attr]
            wanted = indent + (len(item.group(1)) if item else 0)
            goes_on = (found.group(1) == head.group(1)  # type: ignore[union-attr]
                       and len(found.group(3)) == wanted  # type: ignore[union-attr]
                       and not ITEM.match(found.group(4)))  # type: ignore[union-attr]
        if goes_on:
            paragraph.append(line)
            continue
        out += filled(paragraph)
        paragraph = []
        if is_text:
            paragraph = [line]
        else:
            out.append(line)
    return out[:-1]


def main(arguments: List[str]) -> int:
    for name in arguments:
        path = pathlib.Path(name)
        before = path.read_text(encoding="utf-8")
        after = "\n".join(wrapped(before.split("\n")[:-1])) + "\n"
        if before.endswith("\n") and after != before:
            path.write_text(after, encoding="utf-8")
            print(f"wrapped {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
