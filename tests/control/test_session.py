"""The session: what may be asked when, and what holds afterwards."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicerisk.control.modes import Mode, louder
from voicerisk.control.problems import Problem, SwitchError
from voicerisk.control.session import NotNowError, Session, State, asked, begun, done, failed, leaving, over


def _in(mode: Mode) -> Session:
    return done(begun("k", "c", "pbx", "Dana", mode, 1.0), 2.0)


def test_from_mode_to_mode_in_one_session() -> None:
    """Listen, whisper, barge and back again are one session; the time is that of the last change."""
    session = _in(Mode.LISTEN)
    for mode, at_s in ((Mode.WHISPER, 3.0), (Mode.BARGE, 4.0), (Mode.LISTEN, 5.0)):
        changing = asked(session, mode)
        assert (changing.state, changing.mode, changing.wanted) == (State.CHANGING, session.mode, mode)
        session = done(changing, at_s, "words")
        assert (session.state, session.mode, session.wanted, session.since_s) == (State.IN, mode, None, at_s)
    assert (session.id, session.words) == ("k", "words")


def test_only_one_thing_at_a_time() -> None:
    """While something is under way only leaving is taken; after taking over there is no way back to listening."""
    joining = begun("k", "c", "pbx", "Dana", Mode.LISTEN, 1.0)
    for busy in (joining, asked(_in(Mode.LISTEN), Mode.BARGE), leaving(_in(Mode.BARGE))):
        with pytest.raises(NotNowError, match="busy"):
            asked(busy, Mode.WHISPER)
        assert leaving(busy).state is State.LEAVING
    with pytest.raises(NotNowError, match="yours already"):
        asked(_in(Mode.TAKE_OVER), Mode.LISTEN)
    for ended in (over(joining), failed(joining, SwitchError(Problem.REFUSED, "no"))):
        assert ended.state is State.OVER
        for step in (lambda s: asked(s, Mode.LISTEN), leaving):
            with pytest.raises(NotNowError, match="not on this call"):
                step(ended)


@pytest.mark.parametrize("problem", Problem)
def test_a_change_that_failed(problem: Problem) -> None:
    """The old mode holds; but the louder one is assumed where nobody knows, and nothing where the line is gone."""
    for old, new in ((Mode.LISTEN, Mode.BARGE), (Mode.BARGE, Mode.LISTEN)):
        session = failed(asked(_in(old), new), SwitchError(problem, "words"))
        assert session.words == "words"
        if problem is Problem.GONE:
            assert session.state is State.OVER
        elif problem is Problem.TIMEOUT:
            assert (session.state, session.mode, session.sure) == (State.IN, Mode.BARGE, False)
        else:
            assert (session.state, session.mode, session.sure) == (State.IN, old, True)


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.sampled_from(list(Mode))),
        st.tuples(st.just("fail"), st.sampled_from(list(Problem))),
        st.tuples(st.sampled_from(["done", "leave"]), st.none()),
    ),
    max_size=12,
)


@settings(max_examples=200, deadline=None)
@given(steps=_STEPS)
def test_nobody_is_louder_than_they_asked(steps: list[tuple[str, Mode | Problem | None]]) -> None:
    """Whatever happens in whatever order, the mode is never one that the person did not ask for."""
    session = begun("k", "c", "pbx", "Dana", Mode.LISTEN, 1.0)
    loudest = Mode.LISTEN
    for what, with_ in steps:
        try:
            if what == "ask":
                assert isinstance(with_, Mode)
                session = asked(session, with_)
                loudest = louder(loudest, with_)
            elif what == "leave":
                session = leaving(session)
            elif session.state in (State.JOINING, State.CHANGING, State.LEAVING):
                session = failed(session, SwitchError(with_, "w")) if isinstance(with_, Problem) else done(session, 2.0)
        except NotNowError:
            continue
        assert louder(session.mode, loudest) is loudest
        assert (session.wanted is None) == (session.state is not State.CHANGING) or session.state is State.LEAVING
