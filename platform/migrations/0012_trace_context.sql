-- phase: expand
-- Which trace a task belongs to (W3C Trace Context), so that the worker's spans hang together with the request's. Null where no
-- traces are made.
ALTER TABLE tasks ADD COLUMN trace_parent text CHECK (char_length(trace_parent) <= 128);
ALTER TABLE tasks ADD COLUMN trace_state text CHECK (char_length(trace_state) <= 512);
