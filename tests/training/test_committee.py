"""Committees: they learn what is the same in every corpus, and the same seed gives the same committee."""

import msgspec
import torch

from voicerisk.training.committee import Committee, CommitteeSettings, Lesson, fit

SMALL = CommitteeSettings(members=3, hidden=8, steps=150, batch=64, learning_rate=1e-2)


def lesson(n: int = 600, seed: int = 0) -> Lesson:
    """Two corpora; input 0 tells anger in both, input 1 tells the corpus (and anger in the first corpus only)."""
    random = torch.Generator().manual_seed(seed)
    corpus = torch.arange(n) % 2
    angry = (torch.rand(n, generator=random) < 0.5).float()
    inputs = 0.7 * torch.randn(1, n, 5, generator=random)
    inputs[0, :, 0] += 2 * angry
    inputs[0, :, 1] += 4 * corpus
    scales = torch.stack([angry, torch.full((n,), float("nan"))], 1)
    weights = torch.stack([torch.ones(n), (corpus == 0).float()])
    voices = torch.where(angry == 0, torch.arange(n) % 10, -1)
    return Lesson(inputs, scales, angry.long(), corpus, voices, weights)


def test_learns_what_the_label_says() -> None:
    """After training, angry clips score above the others, and their class is named."""
    taught = lesson()
    whole, part = fit(taught, SMALL, (1.0, 1.0, 1.0), 2, seed=1)
    angry = taught.scales[:, 0] > 0.5
    with torch.inference_mode():
        for committee in (whole, part):
            said = committee(taught.inputs[0])
            assert said[angry, 0].mean() - said[~angry, 0].mean() > 1.5
        assert (whole(taught.inputs[0])[:, 2:].argmax(1) == taught.classes).float().mean() > 0.85


def test_learns_through_the_calm_view() -> None:
    """A committee that was taught through a view judges inputs as they are, and ranks angry clips above the others."""
    taught = lesson()
    net = fit(taught, msgspec.structs.replace(SMALL, calm_shrink=3.0), (1.0, 1.0, 1.0), 2, seed=1)[0]
    angry = taught.scales[:, 0] > 0.5
    with torch.inference_mode():
        said = net(taught.inputs[0])
    assert said[angry, 0].mean() - said[~angry, 0].mean() > 1.5


def test_the_same_seed_gives_the_same_committee() -> None:
    """Training twice gives the same weights bit by bit; another seed, others."""
    first, again, other = (fit(lesson(), SMALL, (1.0, 1.0, 1.0), 2, seed=seed)[0] for seed in (5, 5, 6))
    assert torch.equal(first.weights[0], again.weights[0])
    assert not torch.equal(first.weights[0], other.weights[0])


def test_calibration_is_folded_in() -> None:
    """A calibrated committee says slope times what it said, plus offset."""
    committee = Committee(4, 3, 2, 5, 0.0).eval()
    x = torch.randn(7, 4)
    slope, offset = torch.tensor([2.0, 1.0, 0.5]), torch.tensor([-1.0, 0.0, 3.0])
    with torch.inference_mode():
        before = committee(x)
    committee.calibrate(slope, offset)
    with torch.inference_mode():
        assert torch.allclose(committee(x), before * slope + offset, atol=1e-5)


def test_a_part_is_the_mean_of_its_members() -> None:
    """Two halves of a committee average to the whole."""
    committee = Committee(4, 3, 4, 5, 0.0).eval()
    x = torch.randn(7, 4)
    with torch.inference_mode():
        halves = (committee.part(0, 2)(x) + committee.part(2, 4)(x)) / 2
        assert torch.allclose(halves, committee(x), atol=1e-5)


def test_a_committee_knows_nothing_of_clips_that_it_never_heard() -> None:
    """Whatever the clips hold that a committee never drew, it comes out the same: scaling and view included."""
    settings = msgspec.structs.replace(SMALL, steps=20, calm_shrink=3.0)
    taught, other = lesson(), lesson()
    other.inputs[:, other.weights[1] == 0] += 100.0
    x = torch.randn(7, 5)
    (whole, part), (changed, same) = (fit(each, settings, (1.0, 1.0, 1.0), 2, seed=1) for each in (taught, other))
    with torch.inference_mode():
        assert torch.equal(part(x), same(x))
        assert not torch.equal(whole(x), changed(x))
