"""A view of the inputs in which what tells calm speakers apart is small.

Voices differ when nobody is upset: in pitch, in timbre, in habit. A network that has few corpora to learn from takes
such differences for the mood. So the covariance of the speakers' means over calm clips, within corpora, is measured,
and directions are shrunk by how much speakers differ along them, as in nuisance attribute projection and within-class
covariance normalisation (Solomonoff et al., ICASSP 2005; Hatch et al., Interspeech 2006). The view is linear, so after
training it disappears in the first layer's weights.
"""

from typing import Final, NamedTuple

import torch
from torch import Tensor

MIN_CLIPS: Final = 3
"""Calm clips that a speaker needs to have a mean."""
LEAST_SPREAD: Final = 1e-3


class View(NamedTuple):
    """What a committee sees of inputs x, (..., n_inputs): `x @ matrix - offset`, about of unit size."""

    matrix: Tensor
    """(n_inputs, n_inputs)"""
    offset: Tensor
    """(n_inputs,)"""

    def to(self, device: torch.device) -> "View":
        """The same view in the memory of a device."""
        return View(self.matrix.to(device), self.offset.to(device))


def calm_view(inputs: Tensor, heard: Tensor, voices: Tensor, domains: Tensor, strength: float) -> View:
    """Return the view for those who hear some of the clips; where no two calm speakers share a corpus, as it is.

    Args:
        inputs: (n, n_inputs) in standard deviations.
        heard: (n,) which clips count.
        voices: (n,) index of the speaker of a calm clip, -1 elsewhere.
        domains: (n,) index of the corpus.
        strength: A direction along which calm speakers' variance is s is shrunk by sqrt(1 + strength * s).
    """
    apart = []
    for domain in domains[heard].unique():
        here = heard & (domains == domain) & (voices >= 0)
        names, counts = voices[here].unique(return_counts=True)
        means = [inputs[here & (voices == name)].mean(0) for name in names[counts >= MIN_CLIPS]]
        if len(means) > 1:
            stacked = torch.stack(means)
            apart.append(stacked - stacked.mean(0))
    matrix = torch.eye(inputs.shape[1])
    if apart:
        # In double precision: eigenvectors must not depend on how many threads added up the products.
        between = torch.cov(torch.cat(apart).double().T)
        spread, axes = torch.linalg.eigh(between)
        matrix = (axes @ torch.diag((1 + strength * spread.clamp(min=0.0)) ** -0.5) @ axes.T).float()
    seen = inputs[heard] @ matrix
    scale = 1.0 / (seen.std(0) + LEAST_SPREAD)
    return View(matrix * scale, seen.mean(0) * scale)
