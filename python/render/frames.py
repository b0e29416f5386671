"""How a job's process tells what it shows: packets on a SOCK_SEQPACKET socket, one line of JSON and
then bytes. A packet arrives whole or not at all, so several processes of a job may write, and what
one of them writes wrongly spoils nothing else.
"""

import json
import socket
from typing import Any, Dict, NamedTuple, Optional

BYTES_MAX = 60_000
PACKET_MAX = BYTES_MAX + 8192
_HEAD_MAX = PACKET_MAX - BYTES_MAX - 1
_MESSAGE_MAX = 600  # characters, of which JSON may make twelve bytes each


class Frame(NamedTuple):
    """kind: "part" (opens part `index` anew, or goes on with it if `append`) or "end"."""

    kind: str
    index: int = 0
    mime: str = ""
    name: str = ""
    append: bool = False
    last: bool = True
    ok: bool = False
    message: str = ""
    body: bytes = b""


def send_part(
    to: socket.socket, index: int, mime: str, name: str, body: bytes, *, append: bool
) -> None:
    """However large, in packets; `last` marks the end of this telling of the part."""
    at = 0
    while True:
        piece = body[at : at + BYTES_MAX]
        at += len(piece)
        head = {
            "kind": "part",
            "index": index,
            "mime": mime,
            "name": name,
            "append": append,
            "last": at >= len(body),
        }
        to.sendall(json.dumps(head).encode() + b"\n" + piece)
        append = True
        if at >= len(body):
            return


def send_end(to: socket.socket, ok: bool, message: str) -> None:
    head = {"kind": "end", "ok": ok, "message": message[:_MESSAGE_MAX]}
    to.sendall(json.dumps(head).encode() + b"\n")


def parse(packet: bytes) -> Optional[Frame]:
    """None where a job wrote what is no packet of ours."""
    head, _, body = packet.partition(b"\n")
    if len(head) > _HEAD_MAX:
        return None
    try:
        told: Dict[str, Any] = json.loads(head)
        frame = Frame(**told, body=body)
    except (ValueError, TypeError, RecursionError):
        return None
    expected = Frame(kind="")
    for name, value in frame._asdict().items():
        if type(value) is not type(getattr(expected, name)):
            return None
    if not 0 <= frame.index < 100_000 or len(frame.mime) > 200 or len(frame.name) > 200:
        return None
    return frame
