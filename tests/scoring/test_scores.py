import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicerisk.scoring.scores import ChunkScores, Pooled, ScoringError, fetched_scores, rounded


def scores(*, heads: bool = True, failures: dict[int, str] | None = None) -> ChunkScores:
    """Two rows that count up through the columns, with two labels."""
    n_columns = 4 + 2 * (5 + 2) if heads else 4
    return ChunkScores(np.arange(2.0 * n_columns).reshape(2, n_columns), 2, heads, failures or {})


def test_row_in_the_contracts_order() -> None:
    """A row's numbers land in the fields that the contract's order of outputs says."""
    row = scores().row(0)
    assert (row.speech, row.voiced, row.level_db, row.pitch_st) == (0.0, 1.0, 2.0, 3.0)
    assert row.window == Pooled(4.0, 5.0, 6.0, 7.0, (8.0, 9.0), 10.0)
    assert row.whole == Pooled(11.0, 12.0, 13.0, 14.0, (15.0, 16.0), 17.0)


def test_columns_by_name() -> None:
    """Every output of the contract is found by its name, the emotions as several columns."""
    both = scores()
    assert both.column("speech").tolist() == [0.0, 18.0]
    assert both.column("emotion").tolist() == [[8.0, 9.0], [26.0, 27.0]]
    assert both.column("all_speech_s").tolist() == [17.0, 35.0]
    assert {name for name in fetched_scores(True) if both.column(name).shape == (2,)} == set(fetched_scores(True)) - {
        "emotion",
        "all_emotion",
    }
    with pytest.raises(KeyError):
        scores(heads=False).column("tension")


def test_without_heads() -> None:
    """In a run without heads the pooled scores are absent, not zero."""
    row = scores(heads=False).row(1)
    assert (row.speech, row.window, row.whole) == (4.0, None, None)


def test_failed_row() -> None:
    """A failed row is an error with its reason; its neighbour is untouched."""
    both = scores(failures={1: "no luck"})
    first, second = both.rows()
    assert first == both.row(0)
    assert isinstance(second, ScoringError)
    with pytest.raises(ScoringError, match="no luck"):
        both.row(1)


@given(st.floats(-1000, 1000, width=32))
def test_rounding_prints_short(value: float) -> None:
    """A rounded score is the float that its own text with four decimals parses to, and never minus zero."""
    number = float(rounded(np.array([value], np.float32))[0])
    assert number == float(f"{number:.4f}")
    assert abs(number - value) <= 0.5001e-4
    assert not json.dumps(number).startswith("-0.0") or number < 0
