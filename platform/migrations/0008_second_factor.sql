-- phase: expand
-- Sign-in with a code of an authenticator app (TOTP, RFC 6238), and recovery codes for who has lost it.

CREATE TABLE second_factors (
    account_id uuid PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    -- The shared secret, sealed.
    secret bytea NOT NULL,
    -- Null until the person has shown a code of it; sign-in does not ask before.
    confirmed_at timestamptz,
    -- The last time step whose code was taken: neither it nor an earlier one is taken again.
    last_step bigint NOT NULL DEFAULT 0,
    -- Wrong codes in a row, and until when no code is looked at because of them.
    failures integer NOT NULL DEFAULT 0,
    locked_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE recovery_codes (
    account_id uuid NOT NULL REFERENCES second_factors ON DELETE CASCADE,
    -- SHA-256 over the account and the code, which itself is never stored. Gone once used.
    code_hash bytea NOT NULL CHECK (octet_length(code_hash) = 32),
    PRIMARY KEY (account_id, code_hash)
);

DO $$
DECLARE made text;
BEGIN
    FOREACH made IN ARRAY ARRAY['second_factors', 'recovery_codes']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', made);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', made);
        EXECUTE format('CREATE POLICY own ON %I USING (account_id = app_account_id())', made);
    END LOOP;
END $$;

-- Replacing keys: sealed values of all accounts and tenants, which say nothing without the keys.
CREATE POLICY locksmith_reads ON second_factors FOR SELECT USING (current_setting('app.locksmith', true) = 'on');
CREATE POLICY locksmith_seals ON second_factors FOR UPDATE USING (current_setting('app.locksmith', true) = 'on')
    WITH CHECK (current_setting('app.locksmith', true) = 'on');
CREATE POLICY locksmith_reads ON mails FOR SELECT USING (
    current_setting('app.locksmith', true) = 'on' AND content IS NOT NULL);
CREATE POLICY locksmith_seals ON mails FOR UPDATE USING (
    current_setting('app.locksmith', true) = 'on' AND content IS NOT NULL)
    WITH CHECK (current_setting('app.locksmith', true) = 'on');
