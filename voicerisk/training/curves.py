"""A picture of a training run: how the losses fell."""

from collections.abc import Mapping, Sequence
from pathlib import Path


def draw_curves(losses: Mapping[str, Sequence[tuple[int, float]]], file: Path) -> None:
    """Write the loss of each network over its steps, (step, loss) pairs, to a PNG. Needs matplotlib (extra `train`)."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, _ = pyplot.subplots(1, max(1, len(losses)), figsize=(4.5 * max(1, len(losses)), 3.2), layout="constrained")
    for axis, (name, pairs) in zip(figure.axes, losses.items(), strict=False):
        axis.plot([step for step, _ in pairs], [loss for _, loss in pairs], color="#c0392b", linewidth=1)
        axis.set(title=name, xlabel="step", ylabel="loss")
    figure.savefig(file, dpi=110, metadata={"Software": None})
    pyplot.close(figure)
