-- phase: expand
-- Plans, what of them is used, and subscriptions at Stripe.

-- How many matches were asked for in a calendar month (UTC). Those that failed are given back.
CREATE TABLE usage_months (
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    month date NOT NULL CHECK (extract(day FROM month) = 1),
    matches integer NOT NULL DEFAULT 0 CHECK (matches >= 0),
    PRIMARY KEY (tenant_id, month)
);
-- The month to which a match was counted; null when it was not, or was given back.
ALTER TABLE matches ADD COLUMN counted_month date;

-- What Stripe says of the tenant. A tenant without a row has the first plan.
CREATE TABLE subscriptions (
    tenant_id uuid PRIMARY KEY REFERENCES tenants ON DELETE CASCADE,
    -- Stripe's ids.
    customer text NOT NULL CHECK (char_length(customer) BETWEEN 1 AND 255),
    subscription text CHECK (char_length(subscription) <= 255),
    price text CHECK (char_length(price) <= 255),
    -- As Stripe has it; none: there has been no subscription.
    status text NOT NULL DEFAULT 'none' CHECK (status IN ('none', 'incomplete', 'incomplete_expired', 'trialing',
        'active', 'past_due', 'canceled', 'unpaid', 'paused')),
    period_end timestamptz,
    ends_with_period boolean NOT NULL DEFAULT false,
    synced_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- What Stripe has told, each once. Written down before it is acted on; ids and kinds only.
CREATE TABLE billing_events (
    tenant_id uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    event_id text NOT NULL CHECK (char_length(event_id) BETWEEN 1 AND 255),
    kind text NOT NULL CHECK (char_length(kind) BETWEEN 1 AND 100),
    at timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, event_id)
);

DO $$
DECLARE made text;
BEGIN
    FOREACH made IN ARRAY ARRAY['usage_months', 'subscriptions', 'billing_events']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', made);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', made);
        EXECUTE format('CREATE POLICY same_tenant ON %I USING (tenant_id = app_tenant_id())', made);
    END LOOP;
    EXECUTE 'CREATE TRIGGER audit AFTER INSERT OR UPDATE OF status, price ON subscriptions FOR EACH ROW
        EXECUTE FUNCTION app_audit(''tenant_id'')';
END $$;
