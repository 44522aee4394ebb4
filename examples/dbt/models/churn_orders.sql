-- One row for each payment or refund, as churn.toml beside this project declares it.
--
-- No filter on today's state: a customer who has left since, or an order that was refunded since, stood there at the time. A refund is a
-- row of its own, known when it was loaded. Of one row that was loaded several times the first counts, because it is what was known.
with payments as (
    select customer_id, order_id, paid_at as happened_at, amount_cents, loaded_at, 'payment' as kind
    from {{ source('shop', 'raw_orders') }}
    where paid_at is not null
),

refunds as (
    select customer_id, order_id, refunded_at as happened_at, -amount_cents as amount_cents, loaded_at, 'refund' as kind
    from {{ source('shop', 'raw_refunds') }}
),

numbered as (
    select
        *,
        row_number() over (partition by kind, order_id, happened_at order by loaded_at) as version
    from (select * from payments union all select * from refunds) as both_kinds
)

select
    customer_id,
    happened_at,
    cast(amount_cents / 100.0 as double) as amount,
    kind,
    case when loaded_at > happened_at then loaded_at else happened_at end as known_at
from numbered
where version = 1
