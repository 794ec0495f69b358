-- phase: expand
-- Batches of matches, notice of changes, and an audit log.

CREATE TABLE batches (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    account_id uuid REFERENCES accounts ON DELETE SET NULL,
    name text CHECK (char_length(name) <= 200),
    -- How many matches it was asked for; those of resumes and jobs deleted meanwhile are gone.
    total integer NOT NULL CHECK (total > 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, id)
);
ALTER TABLE matches ADD COLUMN batch_id uuid;
ALTER TABLE matches ADD CONSTRAINT matches_batch FOREIGN KEY (tenant_id, batch_id)
    REFERENCES batches (tenant_id, id) ON DELETE CASCADE;
CREATE INDEX matches_of_batch ON matches (tenant_id, batch_id, score DESC NULLS LAST, id) WHERE batch_id IS NOT NULL;

-- What changed lately, for those who watch.
CREATE INDEX resumes_changed ON resumes (tenant_id, updated_at);
CREATE INDEX jobs_changed ON jobs (tenant_id, updated_at);
CREATE INDEX matches_changed ON matches (tenant_id, updated_at);
CREATE FUNCTION app_announce_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('rm_changes', NEW.tenant_id::text);
    RETURN NULL;
END $$;

-- Who did what. Rows are added by triggers, so that no handler can forget it, and never changed: the application may only
-- add and read. The actor is the setting app.actor of the transaction: an account, an API key, or nobody (a worker).
CREATE TABLE audit_events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    at timestamptz NOT NULL DEFAULT now(),
    actor text,
    -- added, changed, removed
    act text NOT NULL CHECK (act IN ('added', 'changed', 'removed')),
    -- Name of the table.
    kind text NOT NULL,
    subject_id uuid NOT NULL,
    request_id text
);
CREATE INDEX audit_events_listed ON audit_events (tenant_id, id DESC);

CREATE FUNCTION app_audit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed jsonb := to_jsonb(coalesce(NEW, OLD));
    tenant uuid := (changed ->> 'tenant_id')::uuid;
BEGIN
    -- A tenant that is being erased takes its log along.
    IF NOT EXISTS (SELECT FROM tenants WHERE id = tenant) THEN RETURN NULL; END IF;
    INSERT INTO audit_events (tenant_id, actor, act, kind, subject_id, request_id) VALUES (
        tenant, nullif(current_setting('app.actor', true), ''),
        CASE TG_OP WHEN 'INSERT' THEN 'added' WHEN 'UPDATE' THEN 'changed' ELSE 'removed' END,
        TG_TABLE_NAME, coalesce(changed ->> TG_ARGV[0], tenant::text)::uuid,
        nullif(current_setting('app.request_id', true), ''));
    RETURN NULL;
END $$;

DO $$
DECLARE watched text;
BEGIN
    FOREACH watched IN ARRAY ARRAY['batches', 'audit_events']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', watched);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', watched);
        EXECUTE format('CREATE POLICY same_tenant ON %I USING (tenant_id = app_tenant_id())', watched);
    END LOOP;
    FOREACH watched IN ARRAY ARRAY['resumes', 'jobs', 'matches']
    LOOP
        EXECUTE format('CREATE TRIGGER announce_change AFTER INSERT OR UPDATE ON %I FOR EACH ROW
            EXECUTE FUNCTION app_announce_change()', watched);
        EXECUTE format('CREATE TRIGGER audit AFTER INSERT OR DELETE ON %I FOR EACH ROW
            EXECUTE FUNCTION app_audit(''id'')', watched);
    END LOOP;
    FOREACH watched IN ARRAY ARRAY['batches', 'api_keys', 'invitations']
    LOOP
        EXECUTE format('CREATE TRIGGER audit AFTER INSERT OR DELETE ON %I FOR EACH ROW
            EXECUTE FUNCTION app_audit(''id'')', watched);
    END LOOP;
    EXECUTE 'CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON memberships FOR EACH ROW
        EXECUTE FUNCTION app_audit(''account_id'')';
END $$;
