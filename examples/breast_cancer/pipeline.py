"""A small real training pipeline on scikit-learn's bundled breast cancer data: nothing to download.

load -> a dozen folds checked side by side -> one training per learning rate -> evaluate the best.
Metrics reach Telltale three ways: the SDK (loss, accuracy), a progress bar on standard output, and
`name=value` lines with no SDK at all (the checks). Each training shows its ROC curve after every
epoch (telltale.show).
"""

from typing import List

from kfp import dsl

IMAGE = "python:3.11"
PACKAGES = ["scikit-learn"]
DRAWING = [*PACKAGES, "matplotlib"]


@dsl.component(base_image=IMAGE, packages_to_install=PACKAGES)
def load(seed: int, train_data: dsl.Output[dsl.Dataset], test_data: dsl.Output[dsl.Dataset]) -> int:
    """Splits the bundled data and scales it."""
    import os
    import time

    os.nice(5)
    import numpy
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    import telltale

    features, labels = load_breast_cancer(return_X_y=True)
    print(f"{features.shape[0]} tumours with {features.shape[1]} measurements each")
    split = train_test_split(features, labels, test_size=0.25, random_state=seed, stratify=labels)
    train_x, test_x, train_y, test_y = split
    scaler = StandardScaler().fit(train_x)
    for done, (target, x, y) in enumerate(
        [(train_data, train_x, train_y), (test_data, test_x, test_y)], start=1
    ):
        time.sleep(1)
        with open(target.path, "wb") as file:
            numpy.savez(file, x=scaler.transform(x), y=y)
        target.metadata["rows"] = len(y)
        target.metadata["malignant"] = int((y == 0).sum())
        telltale.progress(done, 2, unit="file")
        print(f"wrote {len(y)} rows")
    return len(train_y)


@dsl.component(base_image=IMAGE)
def fetch_costs(attempts_max: int) -> float:
    """Asks a price list that answers the second time only; the code itself tries again."""
    import time

    class PriceListAway(Exception):
        pass

    def ask(attempt: int) -> float:
        time.sleep(1)
        if attempt == 1:
            raise PriceListAway("the price list did not answer")
        return 4.2

    for attempt in range(1, attempts_max + 1):
        try:
            cost = ask(attempt)
        except PriceListAway as error:
            print(f"attempt {attempt} of {attempts_max} failed: {error}; trying again", flush=True)
            continue
        print(f"attempt {attempt} of {attempts_max} succeeded")
        print(f"cost_of_a_missed_tumour={cost}")
        return cost
    raise PriceListAway(f"no answer in {attempts_max} attempts")


@dsl.component(base_image=IMAGE, packages_to_install=["numpy"])
def check_fold(fold: int, train_data: dsl.Input[dsl.Dataset]) -> float:
    """How far the nearest class mean gets on one fold. Prints; knows nothing of Telltale."""
    import os
    import time

    os.nice(5)
    import numpy

    data = numpy.load(train_data.path)
    x, y = data["x"], data["y"]
    held_out = numpy.arange(len(y)) % 12 == fold
    means = numpy.stack([x[~held_out & (y == label)].mean(axis=0) for label in (0, 1)])
    distances = ((x[held_out][:, None, :] - means[None]) ** 2).sum(axis=2)
    accuracy = float((distances.argmin(axis=1) == y[held_out]).mean())
    time.sleep(0.8)
    print(f"fold {fold}: rows={int(held_out.sum())} accuracy={accuracy:.4f}")
    return accuracy


@dsl.component(base_image=IMAGE, packages_to_install=DRAWING)
def train(
    learning_rate: float,
    epochs: int,
    seed: int,
    train_data: dsl.Input[dsl.Dataset],
    model: dsl.Output[dsl.Model],
    metrics: dsl.Output[dsl.Metrics],
) -> float:
    """Logistic regression by stochastic gradient descent, an epoch at a time."""
    import os
    import pickle
    import sys
    import time

    os.nice(5)
    import numpy
    from matplotlib.figure import Figure
    from sklearn.linear_model import SGDClassifier
    from sklearn.metrics import roc_curve

    import telltale

    def mean_loss(x: numpy.ndarray, y: numpy.ndarray) -> float:
        of_label = classifier.predict_proba(x)[numpy.arange(len(y)), y]
        return float(-numpy.log(of_label.clip(1e-15)).mean())

    data = numpy.load(train_data.path)
    x, y = data["x"], data["y"]
    last = len(y) // 5  # held back to see how training goes
    classifier = SGDClassifier(
        loss="log_loss", learning_rate="constant", eta0=learning_rate, random_state=seed
    )
    axes = Figure(figsize=(4.5, 4.5)).subplots()
    order = numpy.random.default_rng(seed)
    step = 0
    # Told from the start, so that the bars below are not taken for the whole.
    telltale.progress(0, epochs, unit="epoch")
    for epoch in range(1, epochs + 1):
        batches = numpy.array_split(order.permutation(len(y) - last) + last, 20)
        started = time.monotonic()
        for number, batch in enumerate(batches, start=1):
            classifier.partial_fit(x[batch], y[batch], classes=[0, 1])
            step += 1
            telltale.log_metric("batch_loss", mean_loss(x[batch], y[batch]), step=step)
            rate = number / (time.monotonic() - started)
            width = number * 20 // len(batches)
            bar = "█" * width + " " * (20 - width)
            sys.stderr.write(
                f"\repoch {epoch}/{epochs}: {100 * number // len(batches):3d}%|{bar}| "
                f"{number}/{len(batches)} [00:00<00:00, {rate:5.1f}batch/s]"
            )
            sys.stderr.flush()
            time.sleep(0.03)
        sys.stderr.write("\n")
        loss = mean_loss(x[:last], y[:last])
        accuracy = float(classifier.score(x[:last], y[:last]))
        telltale.log_metrics({"loss": loss, "accuracy": accuracy}, step=epoch)
        telltale.progress(epoch, epochs, unit="epoch", note=f"epoch {epoch} of {epochs}")
        print(f"epoch {epoch}: loss={loss:.4f} accuracy={accuracy:.4f}", flush=True)
        axes.clear()
        axes.plot(*roc_curve(y[:last] == 0, classifier.predict_proba(x[:last])[:, 0])[:2])
        axes.set(xlabel="False alarms", ylabel="Tumours found", title=f"After epoch {epoch}")
        telltale.show(axes, name="ROC curve")

    with open(model.path, "wb") as file:
        pickle.dump(classifier, file)
    model.metadata.update(framework="scikit-learn", learning_rate=learning_rate)
    metrics.log_metric("accuracy", accuracy)
    metrics.log_metric("loss", loss)
    return accuracy


@dsl.component(base_image=IMAGE, packages_to_install=PACKAGES)
def evaluate(
    accuracies: List[float],
    learning_rates: List[float],
    missed_cost: float,
    simple_accuracies: List[float],
    models: dsl.Input[List[dsl.Model]],
    test_data: dsl.Input[dsl.Dataset],
    metrics: dsl.Output[dsl.Metrics],
    report: dsl.Output[dsl.ClassificationMetrics],
) -> float:
    """The best model on data that no training has seen."""
    import os
    import pickle
    import time

    os.nice(5)
    import numpy
    from sklearn.metrics import confusion_matrix, roc_auc_score, roc_curve

    import telltale

    best = max(range(len(accuracies)), key=lambda index: accuracies[index])
    print(f"best learning rate: {learning_rates[best]} of {learning_rates}")
    with open(models[best].path, "rb") as file:
        model = pickle.load(file)
    data = numpy.load(test_data.path)
    x, y = data["x"], data["y"]
    malignant = model.predict_proba(x)[:, 0]
    false_alarms, hits, thresholds = roc_curve(y == 0, malignant)
    finite = numpy.isfinite(thresholds)
    report.log_roc_curve(
        false_alarms[finite].tolist(), hits[finite].tolist(), thresholds[finite].tolist()
    )
    table = confusion_matrix(y, model.predict(x), labels=[0, 1])
    report.log_confusion_matrix(["malignant", "benign"], table.tolist())
    for step, threshold in enumerate(numpy.linspace(0.05, 0.95, 40), start=1):
        missed = int(((malignant < threshold) & (y == 0)).sum())
        alarms = int(((malignant >= threshold) & (y == 1)).sum())
        telltale.log_metric("cost", missed * missed_cost + alarms, step=step)
        telltale.progress(step, 40, unit="threshold")
        time.sleep(0.06)
    auc = float(roc_auc_score(y == 0, malignant))
    accuracy = float(model.score(x, y))
    metrics.log_metric("accuracy", accuracy)
    metrics.log_metric("roc_auc", auc)
    metrics.log_metric("nearest_mean_accuracy", sum(simple_accuracies) / len(simple_accuracies))
    print(f"accuracy={accuracy:.4f} roc_auc={auc:.4f}")
    rows = "".join(
        f"<tr><th>{name}<td>{found}<td>{missed}"
        for name, (found, missed) in zip(["malignant", "benign"], table)
    )
    telltale.show(
        f"<style>body {{ font: 14px system-ui }} td {{ text-align: right; padding: 4px 12px }}"
        f"</style><table><tr><th><th>said malignant<th>said benign{rows}</table>",
        name="The best model on unseen tumours",
    )
    return accuracy


@dsl.pipeline(
    name="breast-cancer",
    description="Which learning rate tells benign from malignant tumours best?",
)
def breast_cancer(
    learning_rates: List[float] = [0.0005, 0.005, 0.05],
    epochs: int = 14,
    seed: int = 7,
) -> float:
    def single_threaded(task: dsl.PipelineTask) -> dsl.PipelineTask:
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            task.set_env_variable(name, "1")
        return task

    data = single_threaded(load(seed=seed))
    costs = single_threaded(fetch_costs(attempts_max=3))
    with dsl.ParallelFor(list(range(12)), name="check folds") as fold:
        check = check_fold(fold=fold, train_data=data.outputs["train_data"])
        single_threaded(check)
    with dsl.ParallelFor(learning_rates, name="learning rates") as learning_rate:
        training = train(
            learning_rate=learning_rate,
            epochs=epochs,
            seed=seed,
            train_data=data.outputs["train_data"],
        )
        single_threaded(training)
    verdict = evaluate(
        accuracies=dsl.Collected(training.outputs["Output"]),
        learning_rates=learning_rates,
        missed_cost=costs.output,
        simple_accuracies=dsl.Collected(check.outputs["Output"]),
        models=dsl.Collected(training.outputs["model"]),
        test_data=data.outputs["test_data"],
    )
    return single_threaded(verdict).outputs["Output"]
