"""A committee of small networks, and how it is trained not to learn the corpora instead of the voice.

Corpora of acted emotion differ more in microphone and language than in emotion. So the members are tiny, many of their
inputs and hidden values are dropped in training, an adversary punishes knowing the corpus, and large corpora count for
less than their size. Members of several committees (one per corpus left out) are trained side by side in one batched
matrix product.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Final

import msgspec
import torch
from torch import Tensor, nn

from voicerisk.training.calm_view import View, calm_view

CPU: Final = torch.device("cpu")
CLIP: Final = 4.0
"""Inputs are cut off at so many standard deviations: what lies beyond is a fault of the line."""


class CommitteeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Size and schooling of a committee.

    Attributes:
        members: Networks whose outputs are averaged.
        hidden: Width of both hidden layers.
        dropout: Share of hidden values dropped in training; of inputs, half of that.
        steps: Training steps.
        batch: Clips in a step for each member.
        learning_rate: The highest of a one-cycle schedule.
        weight_decay: As in AdamW.
        label_smoothing: Targets run from this to one minus this.
        input_noise: Gaussian noise on the standardised inputs.
        mixup: Parameter of the Beta distribution that pairs of clips are mixed by; 0 = not at all.
        adversary: How hard the first hidden layer is kept from knowing which corpus a clip is of; 0 = not at all.
        calm_shrink: How far directions are shrunk in which calm speakers differ (`calm_view`); 0 = not at all.
    """

    members: int = 12
    hidden: int = 16
    dropout: float = 0.4
    steps: int = 1200
    batch: int = 384
    learning_rate: float = 4e-3
    weight_decay: float = 0.02
    label_smoothing: float = 0.02
    input_noise: float = 0.0
    mixup: float = 0.0
    adversary: float = 0.2
    calm_shrink: float = 0.0


class Committee(nn.Module):
    """Small networks side by side; the mean of their outputs is the committee's."""

    centre: Tensor
    scale: Tensor

    def __init__(self, n_inputs: int, n_outputs: int, n_members: int, n_hidden: int, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.register_buffer("centre", torch.zeros(n_inputs))
        self.register_buffer("scale", torch.ones(n_inputs))
        sizes = (n_inputs, n_hidden, n_hidden, n_outputs)
        pairs = list(pairwise(sizes))
        self.weights = nn.ParameterList(torch.randn(n_members, a, b) / a**0.5 for a, b in pairs)
        self.biases = nn.ParameterList(torch.zeros(n_members, 1, b) for _, b in pairs)

    def standardise(self, inputs: Tensor) -> None:
        """Take centre and scale of the inputs, (n, n_inputs), from data."""
        self.centre.copy_(inputs.mean(0))
        self.scale.copy_(1.0 / (inputs.std(0) + 1e-3))

    def normalised(self, x: Tensor) -> Tensor:
        """Inputs in standard deviations from their mean."""
        return _normalised(x, self.centre, self.scale)

    def first_layer(self, x: Tensor) -> Tensor:
        """First hidden values: (members or 1, batch, n_inputs), normalised -> (members, batch, n_hidden)."""
        drop = nn.functional.dropout
        x = drop(x, self.dropout / 2, self.training)
        return drop(torch.tanh(x @ self.weights[0] + self.biases[0]), self.dropout, self.training)

    def last_layers(self, x: Tensor) -> Tensor:
        """Outputs of each member from its first hidden values: -> (members, batch, n_outputs)."""
        drop = nn.functional.dropout
        x = drop(torch.relu(x @ self.weights[1] + self.biases[1]), self.dropout, self.training)
        return x @ self.weights[2] + self.biases[2]

    def forward(self, x: Tensor) -> Tensor:
        """Outputs of the committee: (batch, n_inputs) -> (batch, n_outputs)."""
        return self.last_layers(self.first_layer(self.normalised(x).unsqueeze(0))).mean(0)

    def calibrate(self, slope: Tensor, offset: Tensor) -> None:
        """Make every output what `slope * output + offset` was, each (n_outputs,)."""
        with torch.no_grad():
            self.weights[2].mul_(slope)
            self.biases[2].mul_(slope).add_(offset)

    def seen_through(self, view: View) -> None:
        """Make the outputs for inputs what they were for the members' views of them, stacked as `_views` does."""
        with torch.no_grad():
            self.biases[0].sub_(view.offset @ self.weights[0])
            self.weights[0].copy_(view.matrix @ self.weights[0])

    def part(self, first: int, last: int) -> "Committee":
        """The committee of some of the members."""
        part = Committee(
            len(self.centre), self.biases[2].shape[-1], last - first, self.biases[0].shape[-1], self.dropout
        )
        part.load_state_dict({k: v if v.dim() == 1 else v[first:last] for k, v in self.state_dict().items()})
        return part.eval()


@dataclass(frozen=True, slots=True)
class Lesson:
    """What n clips teach, each in v forms (copies through different lines, whole or in part)."""

    inputs: Tensor
    """(v, n, n_inputs)"""
    scales: Tensor
    """(n, n_scales) targets 0..1; NaN where nobody said."""
    classes: Tensor
    """(n,) class index; -1 where nobody said."""
    domains: Tensor
    """(n,) index of the corpus"""
    voices: Tensor
    """(n,) index of the speaker where the clip is calm and the speaker known; -1 elsewhere"""
    weights: Tensor
    """(committees, n) how often each clip is drawn for each committee; 0 = never heard by it."""

    def to(self, device: torch.device) -> "Lesson":
        """The same lesson in the memory of a device."""
        return Lesson(*(getattr(self, field.name).to(device) for field in fields(self)))


def fit(
    lesson: Lesson,
    settings: CommitteeSettings,
    importance: tuple[float, ...],
    n_classes: int,
    seed: int,
    report: Callable[[int, float], None] | None = None,
    start: Committee | None = None,
    device: torch.device = CPU,
) -> list[Committee]:
    """Return one trained committee for each row of `lesson.weights`, which knows nothing of clips that it never heard.

    Args:
        lesson: What to learn.
        settings: How.
        importance: Weight of each scale's loss and, last, of the classes' loss.
        n_classes: Number of classes.
        seed: Of weights, draws and dropout.
        report: Gets the steps done and the loss, every 25 steps and at the end.
        start: One committee to go on from, of the size that `settings` say; its view of the inputs stays.
        device: Where to compute; the committees come back to the processor's memory.
    """
    torch.manual_seed(seed)
    n_scales, each = lesson.scales.shape[1], settings.members
    n_members = each * len(lesson.weights)
    net = Committee(lesson.inputs.shape[-1], n_scales + n_classes, n_members, settings.hidden, settings.dropout)
    if start is not None:
        net.load_state_dict(start.state_dict())
    parts = [net.part(first, first + each) for first in range(0, n_members, each)]
    if start is None:
        for part, weights in zip(parts, lesson.weights, strict=True):
            part.standardise(lesson.inputs[:, weights > 0].flatten(0, 1))
    view = _views(parts, lesson, settings).to(device) if settings.calm_shrink else None
    centre, scale = (
        torch.stack([getattr(part, name) for part in parts]).repeat_interleave(each, 0).unsqueeze(1).to(device)
        for name in ("centre", "scale")
    )
    n_domains = int(lesson.domains.max()) + 1
    spy = nn.Parameter(0.05 * torch.randn(n_members, settings.hidden, n_domains).to(device))
    lesson, net = lesson.to(device), net.to(device)
    chances = lesson.weights.repeat_interleave(each, 0).double().cumsum(1)
    chances = (chances / chances[:, -1:]).float()
    optimiser = torch.optim.AdamW(
        [*net.parameters(), spy], lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.learning_rate, total_steps=settings.steps)
    net.train()
    n_forms, n_clips = lesson.inputs.shape[:2]
    for step in range(settings.steps):
        draw = torch.rand(n_members, settings.batch, device=device)
        drawn = torch.searchsorted(chances, draw).clamp(max=n_clips - 1)
        form = torch.randint(n_forms, drawn.shape, device=device)
        x = _normalised(lesson.inputs[form, drawn], centre, scale)
        if view is not None:
            x = x @ view.matrix - view.offset
        hidden, loss = _loss(net, x, lesson.scales[drawn], lesson.classes[drawn], settings, importance)
        if settings.adversary:
            # The spy learns to tell the corpus; what it learns from is driven the other way, gently at first.
            strength = settings.adversary * min(1.0, 3.0 * step / settings.steps)
            told = _reversed(hidden, strength) @ spy
            loss = loss + n_members * nn.functional.cross_entropy(told.flatten(0, 1), lesson.domains[drawn].flatten())
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        if report is not None and ((step + 1) % 25 == 0 or step + 1 == settings.steps):
            report(step + 1, float(loss.detach()) / n_members)
    if view is not None:
        net.seen_through(view)
    net = net.to(CPU)
    for number, part in enumerate(parts):
        trained = net.part(number * each, (number + 1) * each).state_dict()
        part.load_state_dict(trained | {"centre": part.centre, "scale": part.scale})
    return parts


def _normalised(x: Tensor, centre: Tensor, scale: Tensor) -> Tensor:
    return ((x - centre) * scale).clamp(-CLIP, CLIP)


def _views(parts: Sequence[Committee], lesson: Lesson, settings: CommitteeSettings) -> View:
    """Each member's view of the inputs, by the clips as recorded that its committee hears; (members, ...) each."""
    views = [
        calm_view(part.normalised(lesson.inputs[0]), heard > 0, lesson.voices, lesson.domains, settings.calm_shrink)
        for part, heard in zip(parts, lesson.weights, strict=True)
    ]
    matrix, offset = (torch.stack(parts).repeat_interleave(settings.members, 0) for parts in zip(*views, strict=True))
    return View(matrix, offset.unsqueeze(1))


def _loss(
    net: Committee,
    x: Tensor,
    scales: Tensor,
    classes: Tensor,
    settings: CommitteeSettings,
    importance: tuple[float, ...],
) -> tuple[Tensor, Tensor]:
    """First hidden values, and the sum of the members' losses: they share no weights, so each learns as if alone."""
    smooth, n_scales = settings.label_smoothing, scales.shape[-1]
    known = (~scales.isnan()).float()
    target = scales.nan_to_num() * (1 - 2 * smooth) + smooth
    n_classes = net.biases[2].shape[-1] - n_scales
    named = (classes >= 0).float()
    names = nn.functional.one_hot(classes.clamp(min=0), n_classes).float()
    if settings.input_noise:
        x = x + settings.input_noise * torch.randn_like(x)
    if settings.mixup:
        share = torch.distributions.Beta(settings.mixup, settings.mixup).sample((*x.shape[:2], 1)).to(x.device)
        share, other = torch.maximum(share, 1 - share), torch.randperm(x.shape[1])
        x, target, names = (share * part + (1 - share) * part[:, other] for part in (x, target, names))
        known, named = known * known[:, other], named * named[:, other]
    hidden = net.first_layer(x)
    outputs = net.last_layers(hidden)
    wrong = nn.functional.binary_cross_entropy_with_logits(outputs[..., :n_scales], target, reduction="none") * known
    per_scale = wrong.sum(1) / (known.sum(1) + 1.0)
    wrong_names = -(names * nn.functional.log_softmax(outputs[..., n_scales:], -1)).sum(-1) * named
    per_class = wrong_names.sum(1) / (named.sum(1) + 1.0)
    of_scales = (per_scale * torch.tensor(importance[:n_scales], device=x.device)).sum()
    return hidden, of_scales + importance[-1] * per_class.sum()


def _reversed(x: Tensor, strength: float) -> Tensor:
    """The same values, gradients times minus `strength` (Ganin et al., "Domain-Adversarial Training", JMLR 2016)."""
    return x.detach() * (1 + strength) - x * strength
