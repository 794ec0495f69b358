-- phase: expand
-- Applications: which job somebody goes for, with which resume, and how far it has come.

CREATE TABLE applications (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    account_id uuid REFERENCES accounts ON DELETE SET NULL,
    job_id uuid NOT NULL,
    resume_id uuid,
    state text NOT NULL DEFAULT 'saved'
        CHECK (state IN ('saved', 'applied', 'interviewing', 'offer', 'rejected', 'withdrawn')),
    note text CHECK (char_length(note) <= 20000),
    -- The day on which it was sent.
    applied_on date,
    -- The day on which something is to be done: an interview, a deadline, asking again.
    next_on date,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant_id, id),
    FOREIGN KEY (tenant_id, job_id) REFERENCES jobs (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, resume_id) REFERENCES resumes (tenant_id, id)
);
CREATE INDEX applications_listed ON applications (tenant_id, id DESC);
CREATE INDEX applications_job ON applications (tenant_id, job_id);
CREATE INDEX applications_resume ON applications (tenant_id, resume_id);

-- An application outlives its resume. ON DELETE SET NULL of one column of a key is there from Postgres 15 on only; a
-- trigger also holds for versions of the application that know nothing of this table.
CREATE FUNCTION app_forget_resume() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE applications SET resume_id = NULL, updated_at = clock_timestamp()
        WHERE tenant_id = OLD.tenant_id AND resume_id = OLD.id;
    RETURN OLD;
END $$;
CREATE TRIGGER forget_resume BEFORE DELETE ON resumes FOR EACH ROW EXECUTE FUNCTION app_forget_resume();

-- Where an application has been, from its first state on.
CREATE TABLE application_moves (
    tenant_id uuid NOT NULL,
    application_id uuid NOT NULL,
    number integer NOT NULL CHECK (number > 0),
    state text NOT NULL,
    account_id uuid REFERENCES accounts ON DELETE SET NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, application_id, number),
    FOREIGN KEY (tenant_id, application_id) REFERENCES applications (tenant_id, id) ON DELETE CASCADE
);

DO $$
DECLARE made text;
BEGIN
    FOREACH made IN ARRAY ARRAY['applications', 'application_moves']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', made);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', made);
        EXECUTE format('CREATE POLICY same_tenant ON %I USING (tenant_id = app_tenant_id())', made);
    END LOOP;
    EXECUTE 'CREATE TRIGGER audit AFTER INSERT OR DELETE ON applications FOR EACH ROW
        EXECUTE FUNCTION app_audit(''id'')';
END $$;
