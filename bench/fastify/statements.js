// What the two routes ask PostgreSQL, one user a statement.

const ms = (time) =>
  `floor(date_part('epoch', ${time}) * 1000 + 0.0005)::bigint`

// The datasets come as text: they are JSON already.
export const statusText = `
  SELECT p.sync_no,
         CASE WHEN p.state IN ('queued', 'running') THEN 'in_progress'
              ELSE p.state END,
         p.progress, p.message,
         ${ms('p.started_at')}, ${ms('p.updated_at')},
         ${ms('p.completed_at')}, ${ms('p.estimated_completion')},
         p.error_code, p.error_message, p.error_request_id,
         p.datasets::text, p.orders_processed, p.total_orders
    FROM amzsync.sync_progress p
   WHERE p.user_id = $1 AND p.sync_no = $2`

// $2: the datasets.
export const startText = `
  WITH act AS MATERIALIZED (
    SELECT sync_no FROM amzsync.sync_progress
     WHERE user_id = $1 AND state IN ('queued', 'running')
  ), conn AS MATERIALIZED (
    SELECT user_id, selling_partner_id, region, marketplace_ids
      FROM amzsync.connections
     WHERE user_id = $1 AND status = 'connected'
       AND NOT EXISTS (SELECT FROM act)
       FOR SHARE
  ), ins AS (
    INSERT INTO amzsync.sync_progress AS p
          (user_id, sync_no, selling_partner_id, region, marketplace_ids)
    SELECT user_id,
           GREATEST(${ms('now()')}, 1 + (
             SELECT max(sync_no) FROM amzsync.sync_progress
              WHERE user_id = $1)),
           selling_partner_id, region, marketplace_ids
      FROM conn
    ON CONFLICT (user_id) WHERE state IN ('queued', 'running')
    DO UPDATE SET starts_refused = p.starts_refused + 1
    RETURNING sync_no, selling_partner_id, region,
              starts_refused = 0 AS created
  ), last AS MATERIALIZED (
    SELECT p.completed_at - p.started_at AS took
      FROM ins, LATERAL (
        SELECT * FROM amzsync.sync_progress
         WHERE user_id = $1 AND state = 'completed'
           AND selling_partner_id = ins.selling_partner_id
           AND region = ins.region
         ORDER BY sync_no DESC LIMIT 1) p
  ), sets AS (
    INSERT INTO amzsync.sync_datasets (user_id, sync_no, dataset, position)
    SELECT $1, ins.sync_no, d.dataset, d.position
      FROM ins, unnest($2::text[]) WITH ORDINALITY AS d (dataset, position)
     WHERE ins.created
  )
  SELECT sync_no, created,
         (SELECT ceil(extract(epoch FROM took))::bigint FROM last)
    FROM ins
  UNION ALL SELECT sync_no, false, NULL FROM act`
