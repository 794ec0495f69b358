-- phase: expand
-- Edits of what was read from a resume: each makes a version that is never changed.

-- Which version text, extraction and document of the row are; 1 is what was read from the file.
ALTER TABLE resumes ADD COLUMN version integer NOT NULL DEFAULT 1;
-- Which version of the resume was judged; null until then, and in matches of before there were versions.
ALTER TABLE matches ADD COLUMN resume_version integer;

-- All versions of a resume, once it has more than one.
CREATE TABLE resume_versions (
    tenant_id uuid NOT NULL,
    resume_id uuid NOT NULL,
    number integer NOT NULL CHECK (number > 0),
    -- Who made it.
    account_id uuid REFERENCES accounts ON DELETE SET NULL,
    -- read: from the file; edited: by a person; restored: an earlier one again.
    origin text NOT NULL CHECK (origin IN ('read', 'edited', 'restored')),
    -- The version that was edited, or restored.
    based_on integer CHECK (based_on < number),
    -- As in resumes.
    text text NOT NULL,
    extraction jsonb NOT NULL,
    document jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, resume_id, number),
    FOREIGN KEY (tenant_id, resume_id) REFERENCES resumes (tenant_id, id) ON DELETE CASCADE,
    CHECK ((origin = 'read') = (based_on IS NULL))
);

ALTER TABLE resume_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE resume_versions FORCE ROW LEVEL SECURITY;
CREATE POLICY same_tenant ON resume_versions USING (tenant_id = app_tenant_id());
-- The first one is the worker's; it is written down with the first edit.
CREATE TRIGGER audit AFTER INSERT ON resume_versions FOR EACH ROW WHEN (NEW.origin <> 'read')
    EXECUTE FUNCTION app_audit('resume_id');
