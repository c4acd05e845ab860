-- The table of clickHouse(client) of @wherefrom/audit: its columns, and the whole event as ECS in `record`. What an event does not know is its column's default.
CREATE TABLE wherefrom_audit
(
    time        DateTime64(3, 'UTC') CODEC(Delta, ZSTD),
    event       LowCardinality(String),
    outcome     LowCardinality(String),
    reason      LowCardinality(String),
    transport   LowCardinality(String),
    client      String,
    client_port UInt16,
    peer        String,
    peer_port   UInt16,
    method      LowCardinality(String),
    stop        LowCardinality(String),
    key         String,
    country     LowCardinality(String),
    asn         UInt32,
    http_method LowCardinality(String),
    path        String,
    status      UInt16,
    bytes       UInt64,
    user_agent  String,
    user_id     String,
    record      String CODEC(ZSTD(3))
)
ENGINE = MergeTree
PARTITION BY toDate(time)
ORDER BY (event, time)
-- Addresses are personal data: how long they may be kept is yours to say.
TTL toDateTime(time) + INTERVAL 30 DAY;
