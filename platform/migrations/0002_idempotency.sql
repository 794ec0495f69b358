-- phase: expand
-- Answers to requests that carried an Idempotency-Key, so that the same request sent again gets the same answer and is
-- not done twice.

CREATE TABLE idempotency_keys (
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    -- Path of the request; one key may be used on each.
    route text NOT NULL,
    key text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
    -- SHA-256 of the body, without what a client chooses anew each time (the boundary of a form).
    fingerprint bytea NOT NULL CHECK (octet_length(fingerprint) = 32),
    -- The answer; null while the request is being worked on.
    status smallint CHECK (status BETWEEN 200 AND 299),
    -- Its headers that matter, as an object.
    headers jsonb,
    body bytea,
    -- Until then the request has the key for itself; a process that died gives it up by that.
    locked_until timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, route, key),
    CHECK (num_nonnulls(status, headers, body) IN (0, 3))
);
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (tenant_id, expires_at);

ALTER TABLE idempotency_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE idempotency_keys FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON idempotency_keys USING (tenant_id = app_tenant_id());
