#!/usr/bin/env python3
"""programs.py: a real kube-apiserver, etcd, kubectl and Argo controllers, built from Go modules.

    programs.py find     the folder they are in, if all are there
    programs.py fetch    the same; what is missing is built, once

They are kept outside the clone, in ${XDG_CACHE_HOME:-~/.cache}/telltale/kubernetes. Building all of
them takes some twenty minutes on 2 quiet cores; Go's own caches then hold about 8 GB.
"""
import os
import pathlib
import shutil
import subprocess
import sys
from typing import List, NamedTuple, Optional

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "component"))
import minio  # noqa: E402  (finds a Go, and says where programs are kept)

KUBERNETES = "v1.34.4"
ARGOS = {"argo3": "github.com/argoproj/argo-workflows/v3",
         "argo4": "github.com/argoproj/argo-workflows/v4"}


class Program(NamedTuple):
    name: str
    module: str   # the folder here whose go.mod pins it
    package: str
    flags: List[str]


# Without optimization they compile in half the time, and are quick enough for tests.
QUICK = ["-gcflags=all=-N"]
VERSION = f"-s -w -X k8s.io/component-base/version.gitVersion={KUBERNETES}"
PROGRAMS = [
    Program("kube-apiserver", "server", "k8s.io/kubernetes/cmd/kube-apiserver",
            [*QUICK, "-ldflags", VERSION]),
    Program("kubectl", "server", "k8s.io/kubernetes/cmd/kubectl", [*QUICK, "-ldflags", VERSION]),
    Program("etcd", "server", "go.etcd.io/etcd/server/v3", ["-ldflags", "-s -w"]),
    *(Program(name, name, f"{module}/cmd/workflow-controller", [*QUICK, "-ldflags", "-s -w"])
      for name, module in ARGOS.items()),
]


def folder() -> pathlib.Path:
    return minio.cache() / "kubernetes" / KUBERNETES


def resources(argo: str) -> pathlib.Path:
    """The folder of an Argo's minimal custom resource definitions."""
    return folder() / f"{argo}.resources"


def find() -> Optional[pathlib.Path]:
    there = all((folder() / program.name).exists() for program in PROGRAMS) and all(
        resources(argo).exists() for argo in ARGOS)
    return folder() if there else None


def go(module: str, *arguments: str) -> str:
    """Runs Go in one of the modules here and returns what it printed."""
    environment = {**os.environ, "GOFLAGS": "-buildvcs=false -mod=mod"}
    environment.setdefault("GOTOOLCHAIN", "local")
    return subprocess.run([minio.find_go(), *arguments], check=True, text=True, cwd=HERE / module,
                          env=environment, stdout=subprocess.PIPE).stdout


def fetch() -> pathlib.Path:
    folder().mkdir(parents=True, exist_ok=True)
    for program in PROGRAMS:
        target = folder() / program.name
        if target.exists():
            continue
        made = target.with_suffix(".new")
        go(program.module, "build", *program.flags, "-o", str(made), program.package)
        made.rename(target)
    for argo, module in ARGOS.items():
        if not resources(argo).exists():
            root = pathlib.Path(go(argo, "list", "-m", "-f", "{{.Dir}}", module).strip())
            made = resources(argo).with_suffix(".new")
            shutil.rmtree(made, ignore_errors=True)
            shutil.copytree(root / "manifests" / "base" / "crds" / "minimal", made)
            made.rename(resources(argo))
    return folder()


if __name__ == "__main__":
    found = fetch() if sys.argv[1:] == ["fetch"] else find()
    if found is None:
        sys.exit("programs.py: not all of them are built")
    print(found)
