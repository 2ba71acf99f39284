"""The SQL of the access page: every answer is aggregated here, no event leaves the warehouse.

The first and the last day of the window are parameters of every query but SPAN.
"""

from __future__ import annotations

SPAN = "SELECT min(day) AS first, max(day) AS last FROM access_event"

SUMMARY = """SELECT count(*) AS events, count(*) FILTER (outcome = 'denied') AS denied,
           count(*) FILTER (checkpoint_id IS NULL OR checkpoint_id NOT IN (SELECT checkpoint_id FROM checkpoint))
               AS unmapped, count(DISTINCT principal) AS principals,
           count(DISTINCT checkpoint_id) AS checkpoints, coalesce(sum(bytes), 0)::BIGINT AS bytes,
           max(ts) AS as_of, coalesce(bool_or(simulated), false) AS simulated
    FROM access_event WHERE day BETWEEN ? AND ?"""

PRINCIPALS = """SELECT principal, max(role) AS role, count(*) AS n FROM access_event WHERE day BETWEEN ? AND ?
    GROUP BY principal ORDER BY n DESC, principal LIMIT 200"""

HOURS = """SELECT principal = ? AS own, isodow(ts) AS weekday, hour(ts) AS hour, count(*) AS n,
           count(DISTINCT principal) AS principals
    FROM access_event
    WHERE day BETWEEN ? AND ? AND action IN ('read', 'query') AND coalesce(tier, 0) >= ?
      AND (? = '' OR principal = ? OR role IS NOT DISTINCT FROM ?)
    GROUP BY ALL ORDER BY own DESC, weekday, hour"""
"""Reads by ISO weekday and UTC hour, a principal's own and those of peers in the same role.

Parameters: principal, window, lowest tier, principal twice, role. Without a principal all reads are peers.
"""

MATRIX = """WITH seen AS (SELECT * FROM access_event WHERE day BETWEEN ? AND ? AND checkpoint_id IS NOT NULL),
    p AS (SELECT principal, count(*) AS n FROM seen GROUP BY 1 ORDER BY n DESC, principal LIMIT ?),
    c AS (SELECT checkpoint_id, count(*) AS n FROM seen GROUP BY 1 ORDER BY n DESC, checkpoint_id LIMIT ?)
    SELECT p.principal, c.checkpoint_id, any_value(s.role ORDER BY s.role) AS role,
           any_value(s.lineage_id ORDER BY s.lineage_id) AS lineage, count(*) AS n, max(s.tier) AS tier,
           count(*) FILTER (s.outcome = 'denied') AS denied, coalesce(sum(s.bytes), 0)::BIGINT AS bytes,
           count(*) FILTER (s.bytes IS NULL) AS without_bytes,
           list(DISTINCT s.component ORDER BY s.component) FILTER (s.component IS NOT NULL) AS components
    FROM seen s LEFT JOIN p USING (principal) LEFT JOIN c USING (checkpoint_id)
    GROUP BY p.principal, c.checkpoint_id ORDER BY p.principal NULLS LAST, c.checkpoint_id NULLS LAST"""
"""Who touched what; a null principal or checkpoint stands for all others. Parameters: window, rows, columns."""

FLOW = """SELECT coalesce(role, 'role unknown') AS role, tier, outcome, count(*) AS n
    FROM access_event WHERE day BETWEEN ? AND ? GROUP BY ALL ORDER BY role, tier NULLS LAST, outcome"""

DENIED = """SELECT principal, checkpoint_id, component, max(tier) AS tier, count(*) AS n, min(ts) AS first,
           max(ts) AS last, count(*) OVER () AS total
    FROM access_event WHERE day BETWEEN ? AND ? AND outcome = 'denied'
    GROUP BY principal, checkpoint_id, component ORDER BY n DESC, last DESC, principal LIMIT ?"""

VOLUME = """SELECT day, outcome, count(*) AS n, coalesce(sum(bytes), 0)::BIGINT AS bytes,
           count(*) FILTER (bytes IS NULL) AS without_bytes
    FROM access_event WHERE day BETWEEN ? AND ? GROUP BY ALL ORDER BY day, outcome"""

SOURCES = """SELECT source, count(*) AS n,
           count(*) FILTER (checkpoint_id IS NULL OR checkpoint_id NOT IN (SELECT checkpoint_id FROM checkpoint))
               AS unmapped,
           count(*) FILTER (bytes IS NULL) AS without_bytes, count(*) FILTER (tier IS NULL) AS without_tier,
           max(ts) AS newest
    FROM access_event WHERE day BETWEEN ? AND ? GROUP BY source ORDER BY source LIMIT 100"""
