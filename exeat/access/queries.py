"""The SQL of the catalogue, the exposure and the ledger pages; access patterns have patterns_sql.py.

Values always travel as parameters. What is text here are only our own words.
"""

from __future__ import annotations

OFFERS = """SELECT r.checkpoint_id, r.release_id, p.component_id, p.kind, p.bytes, p.decided, r.tier, r.recipients,
           p.until, r.state
    FROM release r JOIN release_component p USING (release_id) JOIN checkpoint now USING (checkpoint_id)
    WHERE r.live AND p.decided IS NOT NULL AND p.decided <> 'denied' AND p.until >= ?
      AND EXISTS (SELECT 1 FROM component a JOIN component b ON b.component_id = a.component_id AND b.sha256 = a.sha256
                  WHERE a.manifest_sha256 = r.manifest_sha256 AND a.component_id = p.component_id
                    AND b.manifest_sha256 = now.manifest_sha256)"""
"""What live releases let out today (parameter: today); ``approved`` is decided but not active yet.

A release speaks for the very file it was decided on: a later manifest with another file under the same id has none.
"""

CATALOGUE = f"""WITH offer AS ({OFFERS}),
    best AS (
        SELECT checkpoint_id, min(tier) AS offered_from, bool_or(state = 'active' AND tier <= ?) AS available,
               list(DISTINCT kind ORDER BY kind) AS kinds
        FROM offer GROUP BY checkpoint_id),
    entry AS (
        SELECT c.*, b.offered_from, coalesce(b.available, false) AS available, b.kinds
        FROM checkpoint c LEFT JOIN best b USING (checkpoint_id)),
    found AS (
        SELECT * FROM entry
        WHERE (? = '' OR contains(lower(concat_ws(' ', title, purpose, task, run_family, version, architecture,
                                                    checkpoint_id, org, array_to_string(data_sources, ' '))), ?))
          AND (? = '' OR task = ?) AND (? = '' OR list_contains(data_sources, ?)) AND (? = '' OR regime = ?)
          AND (? = '' OR run_family = ?) AND (? = '' OR protection = ?)
          AND (? = '' OR coalesce(offered_from, 'none') = ?) AND (NOT ? OR available))"""  # noqa: S608 our own words
"""Checkpoints as the catalogue knows them; parameters: ``Filters.parameters``."""

PAGE = f"""{CATALOGUE}
    SELECT checkpoint_id, title, run_family, version, task, regime, protection, dp_epsilon, offered_from, available,
           kinds, intended_tier, created_at, count(*) OVER () AS total,
           count(*) FILTER (available) OVER () AS total_available
    FROM found ORDER BY available DESC, offered_from NULLS LAST, created_at DESC, checkpoint_id LIMIT ? OFFSET ?"""  # noqa: S608

FACETS = f"""{CATALOGUE}
    SELECT 'task' AS facet, task AS value, count(*) AS n FROM found GROUP BY ALL
    UNION ALL SELECT 'regime', regime, count(*) FROM found GROUP BY ALL
    UNION ALL SELECT 'lineage', run_family, count(*) FROM found GROUP BY ALL
    UNION ALL SELECT 'protection', protection, count(*) FROM found GROUP BY ALL
    UNION ALL SELECT 'tier', coalesce(offered_from, 'none'), count(*) FROM found GROUP BY ALL
    UNION ALL SELECT 'source', source, count(*) FROM (SELECT unnest(data_sources) AS source FROM found) GROUP BY ALL
    ORDER BY facet, n DESC, value"""  # noqa: S608

HEADLINE_METRICS = """SELECT checkpoint_id, metric_id, value, ci_low, ci_high, unit FROM (
        SELECT *, row_number() OVER (PARTITION BY checkpoint_id ORDER BY split <> 'test', metric_id) AS place
        FROM metric WHERE checkpoint_id IN (SELECT unnest(?)) AND subgroup IS NULL)
    WHERE place = 1"""

ENTRY = "SELECT * FROM checkpoint WHERE checkpoint_id = ?"
COMPONENTS = """SELECT component_id, kind, bytes, format, sensitivity FROM component
    WHERE manifest_sha256 = ? ORDER BY sensitivity DESC, bytes DESC, component_id"""
OFFERS_OF = f"SELECT * FROM ({OFFERS}) WHERE checkpoint_id = ? ORDER BY component_id, tier, until DESC"  # noqa: S608
SIBLINGS = """SELECT checkpoint_id, title, version FROM checkpoint
    WHERE run_family = (SELECT run_family FROM checkpoint WHERE checkpoint_id = ?) AND checkpoint_id <> ?
    ORDER BY created_at DESC, checkpoint_id LIMIT 100"""
METRICS = "SELECT * FROM metric WHERE checkpoint_id = ? ORDER BY subgroup NULLS FIRST, split, metric_id"
_BAD_END = """SELECT *, direction = 'lower_is_worse' AS falling,
           CASE direction WHEN 'lower_is_worse' THEN least(ci_low, value) ELSE greatest(ci_high, value) END AS bad_end
    FROM indicator WHERE NOT superseded"""
INDICATORS = f"""SELECT * FROM ({_BAD_END}) WHERE checkpoint_id = ?
    ORDER BY list_position(['fail', 'not_measured', 'warn', 'pass', 'no_limit', 'not_applicable'], verdict),
             subgroup NULLS FIRST, indicator_id, fpr DESC, method, report_sha256"""  # noqa: S608
INDICATOR_COUNTS = f"""SELECT checkpoint_id, verdict, coalesce(subgroup IS NOT NULL AND NOT n_in >= ?, true) AS small,
           coalesce(CASE WHEN falling THEN bad_end * ? <= max_value ELSE bad_end >= max_value * ? END, false) AS near,
           count(*) AS n
    FROM ({_BAD_END}) WHERE checkpoint_id IN (SELECT unnest(?)) GROUP BY ALL ORDER BY ALL"""  # noqa: S608
"""How many figures of each checkpoint lie where; counted here, so that none is ever cut off.

Parameters: the smallest cell, the share of a limit that is near it (twice), checkpoint ids.
"""

LINEAGES = "SELECT DISTINCT run_family FROM checkpoint ORDER BY run_family LIMIT 1000"

_DRAWN = f"{_BAD_END} AND subgroup IS NULL AND (? = '' OR run_family = ?)"
"""Every figure about a whole population with its judgement; parameters: lineage twice (empty: all)."""

EXPOSURE_SUMMARY = f"""WITH each_one AS (
        SELECT checkpoint_id, bool_or(verdict = 'fail') AS failing, bool_or(verdict = 'not_measured') AS gap,
               max(reported_at) AS newest
        FROM ({_DRAWN}) GROUP BY checkpoint_id)
    SELECT count(*) AS checkpoints, count(*) FILTER (failing) AS failing, count(*) FILTER (gap) AS gaps,
           max(newest) AS newest FROM each_one"""  # noqa: S608

EXPOSURE_POINTS = f"""WITH drawn AS (SELECT * EXCLUDE (seat) FROM (
        SELECT *, row_number() OVER (
            PARTITION BY checkpoint_id, family, unit
            ORDER BY list_position(['fail', 'warn', 'pass', 'no_limit', 'not_measured', 'not_applicable'], verdict),
                     CASE WHEN falling THEN bad_end ELSE -bad_end END NULLS LAST, indicator_id, method, report_sha256
            ) AS seat
        FROM ({_DRAWN})) WHERE seat = 1),
    worst AS (SELECT run_family, max(CASE WHEN falling THEN max_value / nullif(bad_end, 0)
                                          ELSE bad_end / nullif(max_value, 0) END) AS ratio
              FROM drawn WHERE status = 'measured' GROUP BY run_family
              ORDER BY ratio DESC NULLS LAST, run_family LIMIT ?),
    ranked AS (SELECT d.*, w.ratio, row_number() OVER (
                      PARTITION BY d.family, d.unit, d.run_family ORDER BY d.reported_at DESC, d.checkpoint_id
                      ) AS place
               FROM drawn d JOIN worst w USING (run_family))
    SELECT * EXCLUDE (place) FROM ranked WHERE place <= ?
    ORDER BY ratio DESC NULLS LAST, run_family, indicator_id, fpr, reported_at, checkpoint_id, method"""  # noqa: S608
"""The newest checkpoints of the worst lineages, each by its worst figure of a kind; last parameters: lineages, points.

What was not measured stands only where no attack measured this kind.
"""

EXPOSURE_MONTHS = f"""WITH each_one AS (
        SELECT family, unit, date_trunc('month', reported_at) AS month, checkpoint_id, bool_or(falling) AS falling,
               CASE WHEN bool_or(falling) THEN min(value) ELSE max(value) END AS value,
               CASE WHEN bool_or(falling) THEN min(bad_end) ELSE max(bad_end) END AS bad_end,
               CASE WHEN bool_or(falling) THEN max(fails_at) ELSE min(fails_at) END AS fails_at,
               count(*) AS n, count(*) FILTER (status = 'measured') AS n_measured,
               count(*) FILTER (verdict = 'fail') AS n_fail
        FROM ({_DRAWN}) GROUP BY family, unit, month, checkpoint_id)
    SELECT family, unit, month, sum(n)::BIGINT AS n, sum(n_measured)::BIGINT AS n_measured, median(value) AS middle,
           bool_or(falling) AS falling, count(value) AS n_checkpoints,
           CASE WHEN bool_or(falling) THEN min(bad_end) ELSE max(bad_end) END AS worst,
           CASE WHEN bool_or(falling) THEN max(fails_at) ELSE min(fails_at) END AS max_value,
           sum(n_fail)::BIGINT AS n_fail
    FROM each_one GROUP BY family, unit, month ORDER BY family, unit, month"""  # noqa: S608
"""Each kind of indicator by month: each checkpoint by its worst figure, of these the middle and the worst.

``max_value`` is the limit beyond which a figure fails; limits that only warn are no part of it.
"""

STALE_RELEASES = """SELECT r.release_id, r.title, r.checkpoint_id, r.tier, r.state, max(p.reported_at) AS newest,
           count(*) OVER () AS total
    FROM release r LEFT JOIN report p USING (checkpoint_id)
    WHERE r.live OR r.open OR r.state IN ('returned', 'referred', 'suspended')
    GROUP BY ALL HAVING max(p.reported_at) IS NULL OR max(p.reported_at) < ?
    ORDER BY newest NULLS FIRST, r.release_id LIMIT ?"""
"""Releases in force, suspended or still to be decided whose newest report is older than the policy allows.

Parameters: since, rows.
"""

_LEDGER = """FROM statement WHERE (? = '' OR contains(lower(concat_ws(' ', kind, case_id, actor, role,
        CAST(seq AS VARCHAR))), ?)) AND (? = '' OR kind = ?) AND (? = '' OR case_id = ?)"""
LEDGER_PAGE = f"SELECT *, count(*) OVER () AS total {_LEDGER} ORDER BY seq DESC LIMIT ? OFFSET ?"
LEDGER_KINDS = "SELECT kind, count(*) AS n FROM statement GROUP BY kind ORDER BY kind"
LEDGER_SIZE = "SELECT count(*) AS n, max(ts) AS newest FROM statement"

INTAKE_PAGE = """SELECT *, count(*) OVER () AS total FROM intake WHERE (? = '' OR kind = ?)
    ORDER BY seq DESC LIMIT ? OFFSET ?"""
INTAKE_KINDS = "SELECT kind, count(*) AS n, max(ts) AS newest FROM intake GROUP BY kind ORDER BY kind"
UNREADABLE = "SELECT seq, kind, sha256, headline FROM unreadable ORDER BY seq LIMIT 200"

OPEN_TO_ANSWER = """SELECT release_id FROM release WHERE state IN ('submitted', 'in_review', 'referred')
    AND list_contains(barred, $1)"""
"""Releases in review or before the board that this person submitted, contributed to or stood aside from."""
