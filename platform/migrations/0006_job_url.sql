-- phase: expand
-- Jobs by address: the worker fetches the page, stores it, and it is then a file like any other.
ALTER TABLE jobs ADD COLUMN source_url text CHECK (char_length(source_url) <= 2000);
