-- phase: expand
-- API keys, organisations with several members, invitations.

CREATE TABLE api_keys (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    account_id uuid NOT NULL,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    -- SHA-256 of the key, which itself is never stored.
    key_hash bytea NOT NULL CHECK (octet_length(key_hash) = 32),
    scope text NOT NULL CHECK (scope IN ('read', 'write')),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    last_used_at timestamptz,
    UNIQUE (tenant_id, id),
    -- A key is worth what its maker is: it goes with the membership.
    FOREIGN KEY (tenant_id, account_id) REFERENCES memberships ON DELETE CASCADE
);
CREATE INDEX api_keys_listed ON api_keys (tenant_id, account_id, id DESC);

CREATE TABLE invitations (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    email text NOT NULL CHECK (email = lower(email) AND char_length(email) BETWEEN 3 AND 254),
    role text NOT NULL CHECK (role IN ('owner', 'member', 'viewer')),
    -- SHA-256 of the token in the invitation's link.
    token_hash bytea NOT NULL CHECK (octet_length(token_hash) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    -- One invitation of an address at a time; a new one replaces it.
    UNIQUE (tenant_id, email)
);

DO $$
DECLARE tenant_table text;
BEGIN
    FOREACH tenant_table IN ARRAY ARRAY['api_keys', 'invitations']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('CREATE POLICY same_tenant ON %I USING (tenant_id = app_tenant_id())', tenant_table);
    END LOOP;
END $$;

-- An account sees the names of the organisations that it belongs to, and ends its sessions in all of them.
CREATE POLICY member_reads ON tenants FOR SELECT USING (
    EXISTS (SELECT FROM memberships WHERE memberships.tenant_id = tenants.id AND memberships.account_id = app_account_id()));
CREATE POLICY own_reads ON sessions FOR SELECT USING (account_id = app_account_id());
CREATE POLICY own_ends ON sessions FOR UPDATE USING (account_id = app_account_id())
    WITH CHECK (account_id = app_account_id());
CREATE INDEX sessions_of_account ON sessions (account_id);
