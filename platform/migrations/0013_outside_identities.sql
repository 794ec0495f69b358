-- phase: expand
-- People known by tokens of an outside issuer.

CREATE TABLE outside_identities (
    -- SHA-256 over the issuer and its name for the person: enough to find the row by a token, and nobody's name.
    identity bytea PRIMARY KEY CHECK (octet_length(identity) = 32),
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    issuer text NOT NULL CHECK (char_length(issuer) BETWEEN 1 AND 2048),
    created_at timestamptz NOT NULL DEFAULT now(),
    -- Tokens that were issued up to then are refused: the person has signed out everywhere.
    signed_out_at timestamptz
);
CREATE INDEX outside_identities_account ON outside_identities (account_id);

ALTER TABLE outside_identities ENABLE ROW LEVEL SECURITY;
ALTER TABLE outside_identities FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON outside_identities USING (account_id = app_account_id());
-- Signing in: the one row that the token names.
CREATE POLICY sign_in ON outside_identities FOR SELECT USING (
    encode(identity, 'hex') = nullif(current_setting('app.outside_identity', true), ''));
