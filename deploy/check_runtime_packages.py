#!/usr/bin/env python3
"""check_runtime_packages.py PROGRAM: every shared library that the program itself needs comes from
a package of deploy/runtime_packages, so that the image has it. Prints what is missing and ends
with 1. Debian only.
"""
import pathlib
import re
import subprocess
import sys
from typing import Dict, List, Set

ALWAYS = {"libc6", "libgcc-s1"}  # of every Debian


def output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def needed(program: str) -> List[str]:
    return re.findall(r"\(NEEDED\).*\[(.+)\]", output("readelf", "-d", program))


def places(program: str) -> Dict[str, str]:
    return dict(re.findall(r"(\S+) => (/\S+)", output("ldd", program)))


def package_of(path: str) -> str:
    """Of the file as the linker names it, or as it lies: /lib may be /usr/lib."""
    for name in (path, str(pathlib.Path(path).resolve()), path.replace("/usr/lib", "/lib", 1)):
        found = subprocess.run(["dpkg", "-S", name], capture_output=True, text=True)
        if found.returncode == 0:
            return found.stdout.split(":")[0]
    raise LookupError(f"{path} is of no package")


def missing(program: str, listed: Set[str]) -> List[str]:
    where = places(program)
    packages = {package_of(where[name]) for name in needed(program) if name in where}
    return sorted(packages - listed - ALWAYS)


if __name__ == "__main__":
    lines = (pathlib.Path(__file__).parent / "runtime_packages").read_text().split()
    gone = missing(sys.argv[1], set(lines))
    print("\n".join(gone) if gone else "runtime_packages: all there")
    sys.exit(1 if gone else 0)
