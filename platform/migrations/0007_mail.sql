-- phase: expand
-- Mail: what is to be sent and what became of it, who shall get none, and tokens that travel by mail.

-- When the person has shown to read the mail of the address.
ALTER TABLE accounts ADD COLUMN email_verified_at timestamptz;

CREATE TABLE mails (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    -- Whose mail it is; null when it goes to somebody who need not have an account.
    account_id uuid REFERENCES accounts ON DELETE CASCADE,
    template text NOT NULL,
    recipient text NOT NULL CHECK (char_length(recipient) BETWEEN 3 AND 254),
    -- Subject and text, sealed: they carry tokens. Gone once the mail is sent.
    content bytea,
    -- kept: this installation sends nothing and shows it in its outbox; suppressed: the address wants or takes none.
    status text NOT NULL DEFAULT 'queued'
        CHECK (status IN ('queued', 'processing', 'sent', 'delivered', 'kept', 'suppressed', 'failed')),
    error text CHECK ((status = 'failed') = (error IS NOT NULL)),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, id),
    CHECK (status NOT IN ('queued', 'processing', 'kept') OR content IS NOT NULL)
);
CREATE INDEX mails_listed ON mails (tenant_id, id DESC);
CREATE INDEX mails_old ON mails (updated_at);
CREATE INDEX mails_kept ON mails (id DESC) WHERE status = 'kept';

-- What the mail service tells of mails, each once.
CREATE TABLE mail_events (
    tenant_id uuid NOT NULL,
    -- The service's id of the event.
    event_id text NOT NULL CHECK (char_length(event_id) BETWEEN 1 AND 200),
    mail_id uuid NOT NULL,
    kind text NOT NULL CHECK (char_length(kind) BETWEEN 1 AND 50),
    -- When it happened, as the service says.
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, event_id),
    FOREIGN KEY (tenant_id, mail_id) REFERENCES mails (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX mail_events_of_mail ON mail_events (tenant_id, mail_id);

-- Addresses that get no mail, of the whole installation. Only their hash: the list outlives accounts.
CREATE TABLE mail_suppressions (
    address_hash bytea PRIMARY KEY CHECK (octet_length(address_hash) = 32),
    reason text NOT NULL CHECK (reason IN ('bounce', 'complaint', 'unsubscribe')),
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Tokens that were sent by mail, one of a kind an account at a time; used once, then gone.
CREATE TABLE account_tokens (
    id uuid PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('verify_email', 'reset_password')),
    -- SHA-256 of the token, which itself is never stored in the open.
    token_hash bytea NOT NULL CHECK (octet_length(token_hash) = 32),
    -- The address that it was sent to; of no use once the account has another.
    email text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    UNIQUE (account_id, kind)
);
CREATE INDEX account_tokens_expiry ON account_tokens (expires_at);

DO $$
DECLARE made text;
BEGIN
    FOREACH made IN ARRAY ARRAY['mails', 'mail_events', 'mail_suppressions', 'account_tokens']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', made);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', made);
    END LOOP;
END $$;
CREATE POLICY same_tenant ON mails USING (tenant_id = app_tenant_id());
CREATE POLICY same_tenant ON mail_events USING (tenant_id = app_tenant_id());
CREATE POLICY own ON account_tokens USING (account_id = app_account_id());
-- Hashes only: who asks must know the address.
CREATE POLICY post_office ON mail_suppressions USING (current_setting('app.post_office', true) = 'on')
    WITH CHECK (current_setting('app.post_office', true) = 'on');
-- The outbox of an installation that sends nothing. Elsewhere no mail has this status.
CREATE POLICY outbox_reads ON mails FOR SELECT USING (
    current_setting('app.post_office', true) = 'on' AND status = 'kept');

CREATE POLICY janitor_reads ON mails FOR SELECT USING (current_setting('app.janitor', true) = 'on'
    AND status NOT IN ('queued', 'processing') AND updated_at < now() - interval '30 days');
CREATE POLICY janitor_removes ON mails FOR DELETE USING (current_setting('app.janitor', true) = 'on'
    AND status NOT IN ('queued', 'processing') AND updated_at < now() - interval '30 days');
CREATE POLICY janitor_reads ON account_tokens FOR SELECT USING (
    current_setting('app.janitor', true) = 'on' AND expires_at < now());
CREATE POLICY janitor_removes ON account_tokens FOR DELETE USING (
    current_setting('app.janitor', true) = 'on' AND expires_at < now());
