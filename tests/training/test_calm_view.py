"""The calm view: what tells calm speakers apart becomes small, what they have in common stays."""

import torch

from voicerisk.training.calm_view import View, calm_view
from voicerisk.training.committee import Committee

N_SPEAKERS = 12
N_CLIPS = 30


def clips() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Calm clips of speakers in two corpora: input 0 tells the speaker, input 1 the corpus, 2 neither."""
    torch.manual_seed(0)
    speaker = torch.arange(N_SPEAKERS).repeat_interleave(N_CLIPS)
    corpus = speaker % 2
    inputs = 0.5 * torch.randn(len(speaker), 3)
    inputs[:, 0] += torch.randn(N_SPEAKERS)[speaker] * 2.0
    inputs[:, 1] += corpus * 3.0
    return inputs, speaker, corpus


def spread(values: torch.Tensor, speaker: torch.Tensor) -> torch.Tensor:
    """Deviation of the speakers' means relative to the deviation inside speakers, for each input."""
    means = torch.stack([values[speaker == name].mean(0) for name in range(N_SPEAKERS)])
    return means.std(0) / (values - means[speaker]).std(0)


def test_speakers_come_closer_than_corpora() -> None:
    """The input in which speakers differ is mixed down among the others; the one that tells the corpus is untouched."""
    inputs, speaker, corpus = clips()
    everyone = torch.ones(len(speaker), dtype=torch.bool)
    view = calm_view(inputs, everyone, speaker, corpus, 50.0)
    axes = view.matrix / view.matrix.norm(dim=0)
    assert (axes.diagonal().abs() > 0.9).all()
    assert float(view.matrix[0, 0]) < 0.5 / float(inputs[:, 0].std()) * 50.0
    seen = inputs @ view.matrix - view.offset
    assert torch.allclose(seen.mean(0), torch.zeros(3), atol=1e-3)
    assert torch.allclose(seen.std(0), torch.ones(3), atol=1e-2)


def test_mixed_inputs_are_seen_along_what_speakers_share() -> None:
    """Where two inputs tell the speaker and their difference the mood, the mood stands out in the view."""
    torch.manual_seed(1)
    speaker = torch.arange(N_SPEAKERS).repeat_interleave(N_CLIPS)
    voice, mood = 2.0 * torch.randn(N_SPEAKERS)[speaker], 0.5 * torch.randn(len(speaker))
    inputs = torch.stack([voice + mood, voice - mood], 1)
    everyone = torch.ones(len(speaker), dtype=torch.bool)
    view = calm_view(inputs, everyone, speaker, torch.zeros_like(speaker), 10.0)
    seen = inputs @ view.matrix - view.offset
    assert (spread(seen, speaker) < 0.8 * spread(inputs, speaker)).all()


def test_without_calm_speakers_nothing_changes_but_the_scale() -> None:
    """Where nobody's calm voice is known, inputs are only brought to unit size."""
    inputs, speaker, corpus = clips()
    everyone = torch.ones(len(speaker), dtype=torch.bool)
    view = calm_view(inputs, everyone, torch.full_like(speaker, -1), corpus, 3.0)
    assert torch.equal(view.matrix != 0, torch.eye(3) != 0)


def test_a_view_disappears_in_the_weights() -> None:
    """A committee made to see through a view says of inputs what it said of the view of them."""
    torch.manual_seed(2)
    committee = Committee(3, 2, 4, 5, 0.0).eval()
    inputs, speaker, corpus = clips()
    everyone = torch.ones(len(speaker), dtype=torch.bool)
    view = calm_view(inputs, everyone, speaker, corpus, 3.0)
    with torch.inference_mode():
        hidden = committee.first_layer((inputs @ view.matrix - view.offset).unsqueeze(0))
    committee.seen_through(View(view.matrix.repeat(4, 1, 1), view.offset.repeat(4, 1, 1)))
    with torch.inference_mode():
        assert torch.allclose(committee.first_layer(inputs.unsqueeze(0)), hidden, atol=1e-4)
