"""A task that waits until the file `gate` is there, then writes and measures a known amount."""

from kfp import dsl


@dsl.component(base_image="python:3.11")
def work(gate: str, steps: int) -> None:
    import os
    import time

    import telltale

    print("waiting at the gate", flush=True)
    while not os.path.exists(gate):
        time.sleep(0.05)
    for step in range(1, steps + 1):
        telltale.log_metric("height", step * step / 7, step=step)
        print(f"step {step}")


@dsl.component(base_image="python:3.11")
def rest() -> None:
    print("rested")


@dsl.pipeline(name="gated")
def gated(gate: str, steps: int = 200) -> None:
    rest().after(work(gate=gate, steps=steps))
