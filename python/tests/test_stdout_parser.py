import math
import random
from pathlib import Path
from typing import List, Optional, Tuple

import pytest

from telltale.claims import ClaimReader, ClaimWriter
from telltale.stdout_parser import HOLD_US, LINE_BYTES, Found, Metric, Progress, StdoutParser


def parse(data: bytes, piece: Optional[int] = None) -> List[Found]:
    parser = StdoutParser()
    size = piece or max(1, len(data))
    found: List[Found] = []
    for start in range(0, len(data), size):
        found += parser.feed(data[start : start + size], 5)
    return found + parser.close(5)


def metrics(data: bytes) -> List[Tuple[str, float, Optional[int]]]:
    return [(m.name, m.value, m.step) for m in parse(data) if isinstance(m, Metric)]


def bars(data: bytes) -> List[Tuple[float, float, str, str]]:
    return [(p.done, p.total, p.unit, p.note) for p in parse(data) if isinstance(p, Progress)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        # Katib's own examples.
        ("loss=0.3", [("loss", 0.3)]),
        ("accuracy=.98", [("accuracy", 0.98)]),
        ("Score=-7.53e-05", [("Score", -7.53e-05)]),
        ("Score=-7.53e+05", [("Score", -7.53e05)]),
        ("Score=1E0", [("Score", 1.0)]),
        ("Score=1.23E10", [("Score", 1.23e10)]),
        ("Validation-accuracy = 0.8", [("Validation-accuracy", 0.8)]),
        ("2024-05-01T10:00:00Z loss=1 ; acc=+2.", [("loss", 1.0), ("acc", 2.0)]),
        ("{metricName: loss, x=1}", [("x", 1.0)]),
        ("|loss=0.5|acc=0.25|", [("loss", 0.5), ("acc", 0.25)]),
        ("손실=0.5", [("손실", 0.5)]),
        ("val/loss=0.5 train.acc=1", [("val/loss", 0.5), ("train.acc", 1.0)]),
        ("result (loss=0.5, acc=1)", [("loss", 0.5), ("acc", 1.0)]),
        ("\x1b[32mloss=0.5\x1b[0m", [("loss", 0.5)]),
        ("loss=inf", [("loss", float("inf"))]),
    ],
)
def test_name_value_is_a_metric(line: str, expected: List[Tuple[str, float]]) -> None:
    assert [(n, v) for n, v, _ in metrics(line.encode())] == expected


@pytest.mark.parametrize(
    "line",
    [
        "loss=",
        "x==3",
        "version=1.2.3",
        "time=12:30:01",
        "size=5MB",
        "python train.py --lr=0.1",
        "http://host/path?page=3&size=10",
        "LogisticRegression(C=0.1, max_iter=200)",
        "shape=(3, 4)",
        "path=/tmp/3",
        "count=1,000",
        "name=abc1",
        "=5",
        "x>=3",
    ],
)
def test_other_text_with_an_equals_sign_is_none(line: str) -> None:
    assert metrics(line.encode()) == []


def test_the_source_lines_of_a_traceback_are_no_metrics() -> None:
    text = b'  File "train.py", line 3, in fit\n    alpha=3\nalpha=4\n'
    assert metrics(text) == [("alpha", 4.0, None)]


def test_a_whole_number_named_step_or_epoch_is_the_step_of_the_line() -> None:
    assert metrics(b"epoch=3 loss=0.5\n") == [("loss", 0.5, 3)]
    assert metrics(b"Epoch 4: loss=0.5\n") == [("loss", 0.5, 4)]
    assert metrics(b"epoch=2 global_step=40 loss=0.5\n") == [("loss", 0.5, 40)]
    assert metrics(b"epoch=3\n") == [("epoch", 3.0, None)]
    assert metrics(b"epoch=3.5 loss=1\n") == [("epoch", 3.5, None), ("loss", 1.0, None)]


def test_nan_is_data() -> None:
    ((name, value, _),) = metrics(b"loss=nan\n")
    assert name == "loss" and math.isnan(value)


def test_tqdm_bars_are_progress() -> None:
    text = (
        "\rtrain:   0%|          | 0/40 [00:00<?, ?it/s]"
        "\rtrain:  50%|█████     | 20/40 [00:02<00:02,  9.9it/s]"
    )
    assert bars(text.encode()) == [(0, 40, "it", "train"), (20, 40, "it", "train")]


def test_an_unfinished_line_that_is_a_whole_bar_counts_at_once() -> None:
    found = StdoutParser().feed("\r 10%|█ | 1/10 [00:01<00:09,  1.00s/batch]".encode(), 7)
    assert found == [Progress(1, 10, "batch", "", 7)]


def test_tqdm_postfix_is_note_and_metrics_of_that_position() -> None:
    line = "\r 50%|█ | 5/10 [00:01<00:01, 5.0it/s, loss=0.25, lr=0.1]"
    data = (line + line + "\n").encode()
    assert bars(data) == [(5, 10, "it", "loss=0.25, lr=0.1")]
    assert metrics(data) == [("loss", 0.25, 5), ("lr", 0.1, 5)]


def test_tqdm_without_a_total_and_with_scaled_numbers() -> None:
    assert bars(b"\r45it [00:04, 10.00it/s]") == [(45, 0, "it", "")]
    line = "\rdata: 50%|█ | 1.5M/3.0M [00:01<00:01, 1.2MB/s]"
    assert bars(line.encode()) == [(1.5e6, 3e6, "B", "data")]


def test_real_tqdm_is_understood() -> None:
    tqdm = pytest.importorskip("tqdm")
    import io

    output = io.StringIO()
    for _ in tqdm.tqdm(range(25), desc="train", file=output, mininterval=0, ncols=80, ascii=False):
        pass
    found = bars(output.getvalue().encode())
    assert [(done, total) for done, total, _, _ in found] == [(i, 25) for i in range(26)]
    assert {note for *_, note in found} == {"train"}


def test_keras_2_bars() -> None:
    text = (
        b"Epoch 2/5\n\r 1/100 [..............................] - ETA: 9s - loss: 0.9"
        b"\x08\x08\x08\r 50/100 [==============>...............] - ETA: 3s - loss: 0.7"
        b"\r100/100 [==============================] - 4s 40ms/step - loss: 0.5 - val_loss: 1e-3\n"
    )
    assert bars(text) == [
        (1, 100, "step", "epoch 2 of 5 · loss: 0.9"),
        (50, 100, "step", "epoch 2 of 5 · loss: 0.7"),
        (100, 100, "step", "epoch 2 of 5 · loss: 0.5 · val_loss: 1e-3"),
    ]
    assert metrics(text) == [("loss", 0.5, 2), ("val_loss", 0.001, 2)]


def test_keras_3_bars() -> None:
    bar = "━" * 20
    text = (
        "Epoch 1/3\n\r\x1b[1m 10/100\x1b[0m \x1b[32m━━\x1b[0m\x1b[37m━━━━━━━━━━━━━━━━━━\x1b[0m "
        "\x1b[1m3s\x1b[0m 30ms/step - accuracy: 0.1000 - loss: 2.3"
        f"\r\x1b[1m100/100\x1b[0m \x1b[32m{bar}\x1b[0m \x1b[1m4s\x1b[0m 40ms/step "
        "- accuracy: 0.5 - loss: 1.5\n"
    )
    assert bars(text.encode()) == [
        (10, 100, "step", "epoch 1 of 3 · accuracy: 0.1000 · loss: 2.3"),
        (100, 100, "step", "epoch 1 of 3 · accuracy: 0.5 · loss: 1.5"),
    ]
    assert metrics(text.encode()) == [("accuracy", 0.5, 1), ("loss", 1.5, 1)]


def test_a_fraction_in_words_is_no_bar() -> None:
    assert parse(b"3/4 of the rows are valid\nstep 3/10 done\n") == []


def test_broken_utf8_and_overlong_lines_are_passed_over() -> None:
    data = b"\xff\xfe\x80loss=1\n" + b"x=1 " * LINE_BYTES + b"\nacc=2\r\nlast=3"
    names = [name for name, _, _ in metrics(data)]
    assert names[-2:] == ["acc", "last"]
    assert "x" not in names


def test_any_cut_into_pieces_finds_the_same() -> None:
    text = (
        "loss=0.5 acc=0.25\r\nEpoch 1/2\n\r 50%|█ | 5/10 [00:01<00:01, 5.0it/s, m=1]\n"
        "손실=1\n100/100 [==============================] - 4s 40ms/step - loss: 0.5\nend=9"
    ).encode()
    whole = parse(text)
    assert len(whole) == 8
    for size in (1, 2, 3, 7, 11):
        found = parse(text, size)
        assert [f for f in found if isinstance(f, Metric)] == [
            f for f in whole if isinstance(f, Metric)
        ]
        # A Keras line that is cut may count before it is whole; the last word is the same.
        assert [f for f in found if isinstance(f, Progress)][-1] == whole[-3]


def test_noise_never_raises() -> None:
    generator = random.Random(7)
    alphabet = b"=|%/[]<>,.:0123456789 eE+-\r\n\x1b\x08abcitEpoch\xe2\x94\x81\xff()"
    for _ in range(300):
        data = bytes(generator.choice(alphabet) for _ in range(400))
        parse(data, generator.randint(1, 50))


class TestPrecedence:
    @pytest.fixture
    def claims(self, tmp_path: Path) -> str:
        return str(tmp_path / "claims")

    def test_without_the_sdk_points_go_at_once(self, claims: str) -> None:
        parser = StdoutParser(ClaimReader(claims))
        assert parser.feed(b"loss=1\n", 0) == [Metric("loss", 1.0, None, 0)]

    def test_a_claimed_name_is_left_to_the_sdk(self, claims: str) -> None:
        parser = StdoutParser(ClaimReader(claims))
        ClaimWriter(claims).name("loss")
        assert parser.feed(b"loss=1\nloss=2\n", 0) == []
        assert parser.close(10 * HOLD_US) == []

    def test_printing_before_logging_makes_no_double(self, claims: str) -> None:
        parser = StdoutParser(ClaimReader(claims))
        ClaimWriter(claims).in_use()
        assert parser.feed(b"loss=1\n", 0) == []
        ClaimWriter(claims).name("loss")
        assert parser.feed(b"", HOLD_US) == []
        assert parser.close(2 * HOLD_US) == []

    def test_an_unclaimed_name_goes_on_after_the_hold_with_its_own_times(self, claims: str) -> None:
        parser = StdoutParser(ClaimReader(claims))
        ClaimWriter(claims).in_use()
        assert parser.feed(b"loss=1\n", 0) == []
        assert parser.feed(b"loss=2\n", HOLD_US - 1) == []
        held = [Metric("loss", 1.0, None, 0), Metric("loss", 2.0, None, HOLD_US - 1)]
        assert parser.feed(b"", HOLD_US) == held
        assert parser.feed(b"loss=3\n", HOLD_US + 1) == [Metric("loss", 3.0, None, HOLD_US + 1)]

    def test_the_end_of_the_task_releases_what_is_held(self, claims: str) -> None:
        parser = StdoutParser(ClaimReader(claims))
        ClaimWriter(claims).in_use()
        assert parser.feed(b"loss=1\n", 0) == []
        assert parser.close(1) == [Metric("loss", 1.0, None, 0)]

    def test_a_name_claimed_later_is_the_sdks_from_then_on(self, claims: str) -> None:
        parser = StdoutParser(ClaimReader(claims))
        assert len(parser.feed(b"loss=1\n", 0)) == 1
        ClaimWriter(claims).name("loss")
        assert parser.feed(b"loss=2\n", 1) == []

    def test_progress_of_the_sdk_silences_bars(self, claims: str) -> None:
        parser = StdoutParser(ClaimReader(claims))
        bar = "\r 50%|█ | 5/10 [00:01<00:01, 5.0it/s]\n".encode()
        assert len(parser.feed(bar, 0)) == 1
        ClaimWriter(claims).progress()
        assert parser.feed(bar.replace(b"5/10", b"6/10"), 1) == []
