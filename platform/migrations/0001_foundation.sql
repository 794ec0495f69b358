-- phase: expand
-- Tenants, people, what they upload, and the work to be done on it.
--
-- Every row of a tenant carries tenant_id, and row-level security shows a transaction the rows of one tenant only: the
-- one named by the setting app.tenant_id, which lasts as long as the transaction. FORCE makes that hold for the owner of
-- the tables as well, so an installation with a single database role is as separated as one with two.
-- Three narrower settings open single tables where no tenant is known yet:
--   app.sign_in_email  shows the one account that has this address;
--   app.account_id     shows the memberships of this account;
--   app.dispatcher     shows outbox (ids and times, nothing of what the tenant wrote).

CREATE FUNCTION app_tenant_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('app.tenant_id', true), '')::uuid $$;
CREATE FUNCTION app_account_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT nullif(current_setting('app.account_id', true), '')::uuid $$;

CREATE TABLE tenants (
    id uuid PRIMARY KEY,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE accounts (
    id uuid PRIMARY KEY,
    -- Normalised by the application: trimmed, lower case.
    email text NOT NULL UNIQUE CHECK (email = lower(email) AND char_length(email) BETWEEN 3 AND 254),
    name text CHECK (char_length(name) <= 200),
    -- PHC string of argon2id.
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE memberships (
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('owner', 'member', 'viewer')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, account_id)
);
CREATE INDEX memberships_account ON memberships (account_id);

CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    account_id uuid NOT NULL,
    -- SHA-256 of the refresh token, which itself is never stored.
    refresh_hash bytea NOT NULL CHECK (octet_length(refresh_hash) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    FOREIGN KEY (tenant_id, account_id) REFERENCES memberships ON DELETE CASCADE
);
CREATE UNIQUE INDEX sessions_refresh ON sessions (tenant_id, refresh_hash);
CREATE INDEX sessions_account ON sessions (tenant_id, account_id);

CREATE TABLE resumes (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    account_id uuid REFERENCES accounts ON DELETE SET NULL,
    file_name text NOT NULL CHECK (char_length(file_name) BETWEEN 1 AND 255),
    media_type text NOT NULL,
    size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    object_key text NOT NULL,
    status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'processing', 'ready', 'failed')),
    -- One sentence for the person who uploaded the file; set exactly when status is failed.
    error text CHECK ((status = 'failed') = (error IS NOT NULL)),
    -- Plain text in reading order.
    text text,
    -- matching::Document: text with positions.
    extraction jsonb,
    -- matching::ParsedResume: JSON Resume document and evidence.
    document jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, id),
    -- The same bytes of one tenant are one resume.
    UNIQUE (tenant_id, sha256)
);
CREATE INDEX resumes_listed ON resumes (tenant_id, created_at DESC, id DESC);

CREATE TABLE jobs (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    account_id uuid REFERENCES accounts ON DELETE SET NULL,
    title text CHECK (char_length(title) <= 300),
    -- The four columns of the file are set together, or none of them when the text was given as it is.
    file_name text CHECK (char_length(file_name) BETWEEN 1 AND 255),
    media_type text,
    size_bytes bigint CHECK (size_bytes >= 0),
    sha256 bytea CHECK (octet_length(sha256) = 32),
    object_key text,
    status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'processing', 'ready', 'failed')),
    error text CHECK ((status = 'failed') = (error IS NOT NULL)),
    text text CHECK (status <> 'ready' OR text IS NOT NULL),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, id),
    CHECK (num_nonnulls(file_name, media_type, size_bytes, sha256, object_key) IN (0, 5))
);
CREATE INDEX jobs_listed ON jobs (tenant_id, created_at DESC, id DESC);

CREATE TABLE matches (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    account_id uuid REFERENCES accounts ON DELETE SET NULL,
    resume_id uuid NOT NULL,
    job_id uuid NOT NULL,
    status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'processing', 'ready', 'failed')),
    error text CHECK ((status = 'failed') = (error IS NOT NULL)),
    score numeric(5, 2) CHECK (score BETWEEN 0 AND 100),
    -- matching::MatchResult.
    result jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, id),
    -- The tenant is part of the key, so a match cannot join the rows of two tenants.
    FOREIGN KEY (tenant_id, resume_id) REFERENCES resumes (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, job_id) REFERENCES jobs (tenant_id, id) ON DELETE CASCADE,
    CHECK ((status = 'ready') = (score IS NOT NULL AND result IS NOT NULL))
);
CREATE INDEX matches_listed ON matches (tenant_id, created_at DESC, id DESC);
CREATE INDEX matches_resume ON matches (tenant_id, resume_id);
CREATE INDEX matches_job ON matches (tenant_id, job_id);

-- A unit of work. It is done exactly when this row says so.
CREATE TABLE tasks (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    kind text NOT NULL,
    -- The resume, job or match on which to work.
    subject_id uuid NOT NULL,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'dead')),
    -- How often the task was claimed; it also tells a late worker that its lease has passed to another.
    attempt integer NOT NULL DEFAULT 0,
    -- How many of these attempts failed or lost their worker; at max_failures the task is dead.
    failures integer NOT NULL DEFAULT 0,
    max_failures integer NOT NULL DEFAULT 5 CHECK (max_failures > 0),
    not_before timestamptz NOT NULL DEFAULT now(),
    leased_by text,
    lease_until timestamptz,
    -- For the people who run the installation; the subject's own error is for the person who uploaded it.
    last_error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    UNIQUE (tenant_id, id),
    CHECK ((state = 'running') = (lease_until IS NOT NULL)),
    CHECK ((state IN ('done', 'dead')) = (finished_at IS NOT NULL))
);
CREATE INDEX tasks_subject ON tasks (tenant_id, subject_id);

CREATE TABLE task_attempts (
    tenant_id uuid NOT NULL,
    task_id uuid NOT NULL,
    attempt integer NOT NULL,
    worker text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    -- done, failed (the subject cannot be processed), retry, postponed, handed_back; lost when the lease ran out.
    outcome text CHECK (outcome IN ('done', 'failed', 'retry', 'postponed', 'handed_back', 'lost')),
    error text,
    PRIMARY KEY (tenant_id, task_id, attempt),
    FOREIGN KEY (tenant_id, task_id) REFERENCES tasks (tenant_id, id) ON DELETE CASCADE,
    CHECK ((ended_at IS NULL) = (outcome IS NULL))
);

-- Tasks that failed too often. A person looks at them, then requeues or drops them.
CREATE TABLE dead_letters (
    tenant_id uuid NOT NULL,
    task_id uuid NOT NULL,
    kind text NOT NULL,
    subject_id uuid NOT NULL,
    failures integer NOT NULL,
    error text NOT NULL,
    died_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, task_id),
    FOREIGN KEY (tenant_id, task_id) REFERENCES tasks (tenant_id, id) ON DELETE CASCADE
);

-- Which tasks are to be announced in the queue, and when. A row lives until its task is done or dead, so Redis may lose
-- everything: what was announced and not done is announced again at its time.
CREATE TABLE outbox (
    task_id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL,
    kind text NOT NULL,
    available_at timestamptz NOT NULL DEFAULT now(),
    -- Set while a worker has the task: then a loss of Redis is no reason to announce it again.
    leased boolean NOT NULL DEFAULT false,
    announced_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (tenant_id, task_id) REFERENCES tasks (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX outbox_due ON outbox (available_at);

-- Row-level security, for every table.
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON tenants USING (id = app_tenant_id());

ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE accounts FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON accounts USING (id = app_account_id());
CREATE POLICY same_tenant ON accounts FOR SELECT USING (
    EXISTS (SELECT FROM memberships WHERE memberships.account_id = accounts.id AND memberships.tenant_id = app_tenant_id()));
CREATE POLICY sign_in ON accounts FOR SELECT USING (
    email = nullif(current_setting('app.sign_in_email', true), ''));

ALTER TABLE memberships ENABLE ROW LEVEL SECURITY;
ALTER TABLE memberships FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON memberships USING (tenant_id = app_tenant_id());
CREATE POLICY own ON memberships FOR SELECT USING (account_id = app_account_id());

DO $$
DECLARE tenant_table text;
BEGIN
    FOREACH tenant_table IN ARRAY ARRAY['sessions', 'resumes', 'jobs', 'matches', 'tasks', 'task_attempts', 'dead_letters', 'outbox']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('CREATE POLICY same_tenant ON %I USING (tenant_id = app_tenant_id())', tenant_table);
    END LOOP;
END $$;

-- The relay reads what is due of all tenants, and moves its time; it neither adds nor removes.
CREATE POLICY dispatcher_reads ON outbox FOR SELECT USING (current_setting('app.dispatcher', true) = 'on');
CREATE POLICY dispatcher_moves ON outbox FOR UPDATE USING (current_setting('app.dispatcher', true) = 'on')
    WITH CHECK (current_setting('app.dispatcher', true) = 'on');
