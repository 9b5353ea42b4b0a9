"""Change against what was before, in absolute terms and in percent; unknown where it would mislead."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Final

from backline.metrics.numbers import add_exact, show_exact, show_value

NO_DATA: Final = "no_data"  # nothing is known of this period
NO_DATA_BEFORE: Final = "no_data_before"  # nothing is known of the period before
LOWER_COVERAGE_BEFORE: Final = "lower_coverage_before"  # growth would be that of the coverage
SLIGHTLY_LOWER_BEFORE: Final = "slightly_lower_coverage_before"  # told: the missing part cannot matter much
LOWER_COVERAGE: Final = "lower_coverage"  # the difference is known, but the number now may still grow
REGIONS_DIFFER: Final = "regions_differ"  # charts of other regions were imported: growth would be theirs
ZERO_BEFORE: Final = "zero_before"  # the difference is known, the percentage is not
NO_PERCENT: Final = "no_percent"  # a rank has none

# So much less of the period before may be known and the change is still told: single unusable rows, no day.
MARGIN: Final = 0.02


@dataclass(frozen=True)
class Known:
    """A number and how complete it is, 0..1."""

    value: Decimal | None
    coverage: float


@dataclass(frozen=True)
class Change:
    """Decimal texts; what is null, or to be taken with care, says why. percent has one digit after the point."""

    absolute: str | None
    percent: str | None
    reason: str | None


def compare(
    now: Known,
    before: Known,
    *,
    percent: bool = True,
    same_regions: bool = True,
    currency: str | None = None,
) -> Change:
    """now against before. Null where there is nothing before, or where before is much less complete than now.

    Charts are compared only where the same regions' charts stand on both sides.
    """
    if now.value is None:
        return Change(None, None, NO_DATA)
    if before.value is None:
        return Change(None, None, NO_DATA_BEFORE)
    if not same_regions:
        return Change(None, None, REGIONS_DIFFER)
    if now.coverage - before.coverage > MARGIN:
        return Change(None, None, LOWER_COVERAGE_BEFORE)
    difference = add_exact([now.value, before.value.copy_negate()])
    absolute = show_value(difference, currency)
    if not percent:
        return Change(absolute, None, NO_PERCENT)
    if before.value == 0:
        return Change(absolute, None, ZERO_BEFORE)
    return Change(absolute, _show_percent(difference, before.value), _warn(now, before))


def _warn(now: Known, before: Known) -> str | None:
    if now.coverage == before.coverage:
        return None
    return LOWER_COVERAGE if now.coverage < before.coverage else SLIGHTLY_LOWER_BEFORE


def _show_percent(difference: Decimal, before: Decimal) -> str:
    """Half to even, to a tenth (IEEE 754-2019, 4.3.3)."""
    with localcontext() as context:
        context.prec = 60
        share = difference * 100 / abs(before)
        return show_exact(share.quantize(Decimal("0.1"), rounding=ROUND_HALF_EVEN))
