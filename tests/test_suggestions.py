"""What may have been meant by a word that is unknown."""

import pytest

from mockrds.suggestions import suggest


@pytest.mark.parametrize(
    ("word", "known", "suggestion"),
    [
        ("list_backup", ["list_backups", "list_instances"], ", did you mean 'list_backups'?"),
        ("RDS.303", ["RDS.3003"], ", did you mean 'RDS.3003'?"),
        ("connection_reset", ["CONNECTION_RESET"], ", did you mean 'CONNECTION_RESET'?"),
        ("zzz", ["list_backups"], ""),
        ("", ["list_backups"], ""),
        ("list_backups", [], ""),
    ],
)
def test_the_nearest_known_word_is_suggested(word: str, known: list[str], suggestion: str) -> None:
    assert suggest(word, known) == suggestion


def test_of_a_long_word_only_the_beginning_is_compared() -> None:
    known = "a" * 80

    assert suggest("a" * 1_000_000, [known]) == f", did you mean {known!r}?"
