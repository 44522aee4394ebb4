-- One row for each subscription. The end is null as long as it is open; a planned end is a column of its own, because an end that lies
-- ahead has not happened. Prices that were overwritten in the source belong into a dbt snapshot, read as a table of states:
-- customer_id, dbt_valid_from as the time, price as the value.
select
    customer_id,
    subscription_id,
    started_at,
    case when ended_at <= {{ var('until', 'current_timestamp') }} then ended_at end as ended_at,
    monthly_cents / 100.0 as price
from {{ source('shop', 'raw_subscriptions') }}
