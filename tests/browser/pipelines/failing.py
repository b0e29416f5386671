"""One task succeeds, the next one fails with a cause worth reading, the last is never reached."""

from kfp import dsl

IMAGE = "python:3.11"


@dsl.component(base_image=IMAGE)
def collect_samples() -> int:
    print("12 samples collected")
    return 12


@dsl.component(base_image=IMAGE)
def measure(samples: int) -> int:
    for number in range(1, 61):
        print(f"sample {number % samples} measured")
    raise ValueError("the freezer of lab 7 is warm")


@dsl.component(base_image=IMAGE)
def report(result: int) -> None:
    print(result)


@dsl.pipeline(name="failing")
def failing() -> None:
    samples = collect_samples()
    report(result=measure(samples=samples.output).output)
