-- phase: expand
-- Priorities, dead letters for the people who run the installation, and scheduled work.

-- 0: a person waits for it; 1: one of many that were asked for at once.
ALTER TABLE tasks ADD COLUMN priority smallint NOT NULL DEFAULT 0 CHECK (priority IN (0, 1));
ALTER TABLE outbox ADD COLUMN priority smallint NOT NULL DEFAULT 0 CHECK (priority IN (0, 1));

-- What a worker chooses from: announced, and with nobody. By lane (priority and tenant), oldest first.
CREATE INDEX outbox_waiting ON outbox (priority, tenant_id, created_at, task_id)
    WHERE announced_at IS NOT NULL AND NOT leased;
CREATE INDEX outbox_leased ON outbox (tenant_id) WHERE leased;

-- Ids, times and our own error messages; nothing of what the tenant wrote.
CREATE POLICY operator_reads ON dead_letters FOR SELECT USING (current_setting('app.operator', true) = 'on');
CREATE INDEX dead_letters_listed ON dead_letters (task_id);

-- Work that is due at times and done once, whatever the number of workers.
CREATE TABLE schedules (
    name text PRIMARY KEY,
    due_at timestamptz NOT NULL DEFAULT now(),
    last_done_at timestamptz,
    -- What was done last, in a few words.
    last_result text
);
ALTER TABLE schedules ENABLE ROW LEVEL SECURITY;
ALTER TABLE schedules FORCE ROW LEVEL SECURITY;
CREATE POLICY janitor ON schedules USING (current_setting('app.janitor', true) = 'on')
    WITH CHECK (current_setting('app.janitor', true) = 'on');

-- The purge sees, of all tenants, what has expired and nothing else.
CREATE POLICY janitor_reads ON sessions FOR SELECT USING (
    current_setting('app.janitor', true) = 'on' AND least(expires_at, revoked_at) < now() - interval '30 days');
CREATE POLICY janitor_removes ON sessions FOR DELETE USING (
    current_setting('app.janitor', true) = 'on' AND least(expires_at, revoked_at) < now() - interval '30 days');
CREATE POLICY janitor_reads ON idempotency_keys FOR SELECT USING (
    current_setting('app.janitor', true) = 'on' AND expires_at < now());
CREATE POLICY janitor_removes ON idempotency_keys FOR DELETE USING (
    current_setting('app.janitor', true) = 'on' AND expires_at < now());
CREATE POLICY janitor_reads ON tasks FOR SELECT USING (
    current_setting('app.janitor', true) = 'on' AND state = 'done' AND finished_at < now() - interval '30 days');
CREATE POLICY janitor_removes ON tasks FOR DELETE USING (
    current_setting('app.janitor', true) = 'on' AND state = 'done' AND finished_at < now() - interval '30 days');
CREATE INDEX tasks_finished ON tasks (finished_at) WHERE state = 'done';
