"""A task's process beside the kernel it runs on."""

import os
from typing import List

import pytest

from local_target.task_process import TaskProcess

AUTOGROUP = "/proc/self/autogroup"


@pytest.mark.skipif(not os.path.exists(AUTOGROUP), reason="this kernel has no autogroups")
def test_a_nice_task_is_nice_as_a_session_too() -> None:
    # Asked again until the answer is there: the kernel may take the wish a moment later.
    wait = f"until grep -q 'nice 7' {AUTOGROUP}; do sleep 0.05; done; nice"
    output: List[bytes] = []
    process = TaskProcess(["sh", "-c", wait], dict(os.environ), os.getcwd(), nice=7)
    assert process.run(output.append) == 0
    assert b"".join(output).strip() == str(min(19, os.nice(0) + 7)).encode()
