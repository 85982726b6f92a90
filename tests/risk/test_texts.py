"""Text in the site's languages."""

from voicerisk.risk.texts import in_language


def test_the_language_asked_for_comes_first_then_english_then_any() -> None:
    """A missing translation never leaves a hole on the screen."""
    assert in_language({"en": "Listen", "he": "להאזין"}, "he") == "להאזין"
    assert in_language({"en": "Listen", "he": "להאזין"}, "fr") == "Listen"
    assert in_language({"he": "להאזין"}, "fr") == "להאזין"
    assert in_language({}, "en") == ""
