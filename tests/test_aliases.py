from hypothesis import given
from hypothesis import strategies as st

from voicerisk.aliases import Aliases

_NAMES = st.sampled_from([f"h:{n:016x}" for n in range(12)])


@given(st.lists(st.tuples(_NAMES, _NAMES), max_size=40))
def test_joined_names_have_one_name_that_counts(pairs: list[tuple[str, str]]) -> None:
    """However names are joined, in chains and rings: those that belong together give one name, and no others do."""
    aliases = Aliases()
    groups: dict[str, frozenset[str]] = {}
    for name, other in pairs:
        aliases.join(name, other)
        group = groups.get(name, frozenset({name})) | groups.get(other, frozenset({other}))
        groups |= dict.fromkeys(group, group)
    for group in set(groups.values()):
        [kept] = {aliases.of(name) for name in group}
        assert kept in group
        assert aliases.of(kept) == kept


@given(st.lists(st.tuples(_NAMES, _NAMES), max_size=40))
def test_what_was_kept_gives_the_same_again(pairs: list[tuple[str, str]]) -> None:
    """Links read back from a store, rings among them, end somewhere, and join the same names."""
    aliases = Aliases(pairs)
    for name, other in pairs:
        assert aliases.of(name) == aliases.of(other)


def test_the_oldest_are_forgotten() -> None:
    """Beyond the most that is kept the oldest name stands for itself again."""
    aliases = Aliases(max_kept=3)
    for n in range(4):
        aliases.join("a", f"b{n}")
    assert len(aliases) == 3
    assert (aliases.of("b0"), aliases.of("b3")) == ("b0", "a")
