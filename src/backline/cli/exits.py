"""Exit codes: what each number means. Stable; programs may rely on them."""

from __future__ import annotations

from typing import Final

FINE: Final = 0
BUG: Final = 1
BAD_INPUT: Final = 2
NOT_ALLOWED: Final = 3
NEEDS_PERSON: Final = 4
UNREACHABLE: Final = 5
NOT_YET: Final = 6
INTERRUPTED: Final = 130
PIPE_CLOSED: Final = 141

EXIT_CODES: Final[dict[int, str]] = {
    FINE: "fine",
    BUG: "a bug in Backline; the message says where the details are",
    BAD_INPUT: "the command line or what it names is wrong",
    NOT_ALLOWED: "a rule forbids it",
    NEEDS_PERSON: "a person must look: a refused file, a failed run, a problem found by doctor",
    UNREACHABLE: "the database or the broker cannot be reached",
    NOT_YET: "the run that was waited for is not done yet: nobody takes it, or --timeout is over",
    INTERRUPTED: "interrupted with Ctrl-C",
    PIPE_CLOSED: "whoever read the output went away",
}


def describe_codes() -> str:
    """All codes in one paragraph, for the end of the help."""
    return "Exit codes: " + "; ".join(f"{code} {words}" for code, words in EXIT_CODES.items()) + "."
