-- phase: expand
-- What somebody thinks of a piece of advice. It holds for a resume and a job, whatever match of the two says it.

CREATE TABLE advice_decisions (
    tenant_id uuid NOT NULL,
    resume_id uuid NOT NULL,
    job_id uuid NOT NULL,
    -- SHA-256 over its kind and its text.
    advice_id bytea NOT NULL CHECK (octet_length(advice_id) = 32),
    decision text NOT NULL CHECK (decision IN ('accepted', 'rejected')),
    -- The match in which it was decided; it may be gone.
    match_id uuid NOT NULL,
    account_id uuid REFERENCES accounts ON DELETE SET NULL,
    decided_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, resume_id, job_id, advice_id),
    FOREIGN KEY (tenant_id, resume_id) REFERENCES resumes (tenant_id, id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, job_id) REFERENCES jobs (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX advice_decisions_job ON advice_decisions (tenant_id, job_id);

ALTER TABLE advice_decisions ENABLE ROW LEVEL SECURITY;
ALTER TABLE advice_decisions FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON advice_decisions USING (tenant_id = app_tenant_id());
