-- NDJSON as DuckDB reads it, without a schema of ours: requests, means and the bucket of the median, by cold and warm.
WITH cells AS (SELECT * FROM read_json_auto('tests/golden/metrics/cells.ndjson', format = 'newline_delimited')),
     buckets AS (SELECT metric, unit, cold, coalesce(upper, 0) AS upper, value,
                        sum(value) OVER (PARTITION BY metric, cold ORDER BY coalesce(upper, 0)) AS run,
                        sum(value) OVER (PARTITION BY metric, cold) AS n
                 FROM cells WHERE part IN ('bucket', 'zero'))
SELECT c.metric, c.unit, c.cold,
       max(value) FILTER (part = 'events')::BIGINT AS events,
       max(value) FILTER (part IN ('sum', 'peak'))::BIGINT AS sum_or_peak,
       (SELECT min(b.upper) FROM buckets b WHERE b.metric = c.metric AND b.cold = c.cold AND b.run * 2 >= b.n)::BIGINT AS median_at_most
FROM cells c GROUP BY ALL ORDER BY c.metric, c.cold;
