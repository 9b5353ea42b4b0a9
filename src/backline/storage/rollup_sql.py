"""The SQL that adds facts up: from the current claims of chosen (artist, day) pairs to rows of the rollup.

One text serves both the refresh (INSERT … SELECT) and the reading of days that are still dirty, on both
databases. It works in steps, each a CTE:

    chosen   the (artist_no, day) pairs, put in by the caller
    grouped  facts added within one claim; the only step that sees every fact
    weighed  of current claims, with the claim's report, and what else there is for the same day (`…_best`)
    lines    what stands for a dimension and key, after the rules of precedence
    claimed  one row per claim, so that a claim's accepted and rejected rows count once
    added    one row per key, measure, currency and scale

Precedence: a chart's "global" contains its countries. Within one claim that is no chart's, sums are added up
whether a row names a track or not: a statement tells an album sale beside its songs. Between claims, and of
people, who are never added, a fact about the artist as a whole contains its tracks. Statements of a
distributor (one claim each) are all added up: each tells other sales. Rows without a track
stand by track under the key 0, where their claim tells tracks too. Of a dimension that names no key there is
no row. A window that is neither a day nor a month (28 days of songs) has rows by track only, unless it is a
chart's; windows of playlists, which stand under the source of playback, have rows by source only.
"""

from __future__ import annotations

from backline.music import MEASURES, MONTH

COLUMNS = "artist_no, day, report, dimension, key, measure, currency, scale, span, value, accepted, rejected, known_at"


def _quote(rule: str) -> str:
    return ", ".join(f"'{measure}'" for measure, how in MEASURES.items() if how == rule)


# Values that stand side by side without overlapping, so that they add up to a day's or a period's.
HAS_DAYS = f"(c.span IN (1, {MONTH}) OR c.kind = 'chart')"
_HAS_DAYS = HAS_DAYS.replace("c.", "")

# Of the same claim, artist, measure and currency, are there rows without a track (1), rows of a track (0)?
_BESIDE = f"""
(g.claim_id, g.artist_no, g.measure, g.currency) IN (
    SELECT claim_id, artist_no, measure, currency FROM grouped
    WHERE trackless = {{trackless}} AND measure IN ({_quote("sum")})
)
"""
# Asked last: for charts, the greatest claims, the list of those beside is never made.
_WHOLE = (
    f"CASE WHEN g.trackless = 1 OR c.kind = 'statement' OR (c.kind <> 'chart' AND {_BESIDE.format(trackless=1)}) "
    "THEN 1 ELSE 0 END"
)
_KEYED = (
    f"CASE WHEN g.trackless = 0 OR (c.kind <> 'chart' AND {_BESIDE.format(trackless=0)}) THEN 1 ELSE 0 END"
)
_FACTS = """
FROM chosen AS d CROSS JOIN backline_fact AS f WHERE f.artist_no = d.artist_no AND f.day = d.day
"""
# Right after a big import PostgreSQL has not counted the new rows; left to choose, it pairs every claim with
# every fact (minutes for a million). A look-up by key for each row cannot go wrong.
_CLAIMS = {
    "sqlite": "CROSS JOIN backline_claim AS c",
    "postgresql": "CROSS JOIN LATERAL (SELECT * FROM backline_claim AS o WHERE o.id = {of}.claim_id OFFSET 0) AS c",
}
# Nothing is grouped by that follows from the rest: sorting is what a refresh costs (1.5 µs a fact on SQLite).
_GROUPED_BY_TRACK = f"""
SELECT f.artist_no, min(f.day) AS day, f.claim_id, f.track_no, CASE WHEN f.track_no = 0 THEN 1 ELSE 0 END AS trackless,
    CASE WHEN f.country = 'global' THEN 1 ELSE 0 END AS is_global,
    f.measure, f.currency, f.scale, sum(f.value) AS total, min(f.value) AS low, count(*) AS facts
{_FACTS} GROUP BY f.track_no, f.claim_id, f.artist_no, is_global, f.measure, f.currency, f.scale
"""
_WEIGHED_BY_TRACK = f"""
SELECT p.*,
    max(world) OVER (PARTITION BY artist_no, day, report, measure, currency, track_no) AS world_best,
    max(CASE WHEN {_HAS_DAYS} THEN whole END)
        OVER (PARTITION BY artist_no, day, report, measure, currency) AS whole_best
FROM (
    SELECT g.*, c.report, c.kind, c.span, c.accepted, c.rejected, c.known_at,
        {_WHOLE} AS whole, {_KEYED} AS keyed,
        CASE WHEN c.kind = 'chart' THEN g.is_global ELSE 0 END AS world
    FROM grouped AS g {{claims}} WHERE c.id = g.claim_id AND c.current
) AS p
"""
_LINES_BY_TRACK = f"""
SELECT 'day' AS dimension, '' AS key, w.* FROM weighed AS w
WHERE world = world_best AND whole = whole_best AND {_HAS_DAYS}
UNION ALL
SELECT 'track' AS dimension, CAST(track_no AS TEXT) AS key, w.* FROM weighed AS w
WHERE world = world_best AND keyed = 1
"""
_GROUPED_BY_PLACE = f"""
SELECT f.artist_no, min(f.day) AS day, f.claim_id, f.country, f.source,
    CASE WHEN f.track_no = 0 THEN 1 ELSE 0 END AS trackless,
    f.measure, f.currency, f.scale, sum(f.value) AS total, min(f.value) AS low, count(*) AS facts
{_FACTS} GROUP BY f.claim_id, f.country, f.source, trackless, f.artist_no, f.measure, f.currency, f.scale
"""
_WEIGHED_BY_PLACE = f"""
SELECT p.*,
    max(CASE WHEN country <> '' THEN whole END)
        OVER (PARTITION BY artist_no, day, report, measure, currency) AS country_best,
    max(CASE WHEN source <> '' AND kind <> 'chart' THEN whole END)
        OVER (PARTITION BY artist_no, day, report, measure, currency) AS source_best
FROM (
    SELECT g.*, c.report, c.kind, c.span, c.accepted, c.rejected, c.known_at, {_WHOLE} AS whole
    FROM grouped AS g {{claims}} WHERE c.id = g.claim_id AND c.current
        AND ({HAS_DAYS} OR c.kind = 'playlist')
) AS p
"""
_LINES_BY_PLACE = """
SELECT 'country' AS dimension, country AS key, w.* FROM weighed AS w WHERE whole = country_best
UNION ALL
SELECT 'source' AS dimension, source AS key, w.* FROM weighed AS w WHERE whole = source_best AND kind <> 'chart'
"""
_STEPS = f"""
WITH chosen AS ({{chosen}}),
grouped AS MATERIALIZED ({{grouped}}),
weighed AS ({{weighed}}),
lines AS ({{lines}}),
claimed AS (
    SELECT artist_no, day, report, dimension, key, measure, currency, scale, claim_id, max(span) AS span,
        max(accepted) AS accepted, max(rejected) AS rejected, max(known_at) AS known_at,
        sum(total) AS total, min(low) AS low, sum(facts) AS facts
    FROM lines GROUP BY artist_no, day, report, dimension, key, measure, currency, scale, claim_id
),
added AS (
    SELECT artist_no, day, report, dimension, key, measure, currency, scale, max(span) AS span,
        CAST(CASE WHEN measure IN ({_quote("min")}) THEN min(low) ELSE sum(total) END AS BIGINT) AS value,
        CAST(sum(accepted) AS BIGINT) AS accepted, CAST(sum(rejected) AS BIGINT) AS rejected,
        max(known_at) AS known_at, sum(facts) AS facts
    FROM claimed GROUP BY artist_no, day, report, dimension, key, measure, currency, scale
)
SELECT {COLUMNS} FROM (
    SELECT a.*, sum(facts) OVER (
        PARTITION BY artist_no, day, report, dimension, key, measure, currency) AS all_facts
    FROM added AS a
) AS counted
WHERE measure IN ({_quote("sum")}, {_quote("min")}) OR all_facts = 1
"""


def select_rollups(dialect: str, dimension: str, chosen: str) -> str:
    """A SELECT of rollup rows (`COLUMNS`) computed from facts.

    `dimension` is day or track (both come), country or source (both come); `chosen` is a SELECT of
    (artist_no, day).
    """
    if dimension in ("day", "track"):
        grouped, weighed, lines = _GROUPED_BY_TRACK, _WEIGHED_BY_TRACK, _LINES_BY_TRACK
    else:
        grouped, weighed, lines = _GROUPED_BY_PLACE, _WEIGHED_BY_PLACE, _LINES_BY_PLACE
    weighed = weighed.format(claims=join_claims(dialect, "g"))
    return _STEPS.format(chosen=chosen, grouped=grouped, weighed=weighed, lines=lines)


def join_claims(dialect: str, of: str) -> str:
    """How to look up the claim `c` of each row of `of`; WHERE c.id = of.claim_id belongs to it."""
    return _CLAIMS[dialect].format(of=of)
