-- phase: expand
-- Searching resumes by their words.

-- The words of file name and text, of which the first 150,000 characters count: a tsvector holds 1 MiB at most. A trigger keeps
-- them: a generated column would rewrite the table while everybody waits. Null in rows from before, whose words are then read
-- at the search.
ALTER TABLE resumes ADD COLUMN words tsvector;

-- 'simple' takes words as they are written: resumes are in many languages, and names of things have no stem.
CREATE FUNCTION app_note_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.words := to_tsvector('simple', translate(NEW.file_name, '._-', '   '))
        || to_tsvector('simple', left(coalesce(NEW.text, ''), 150000));
    RETURN NEW;
END $$;
CREATE TRIGGER note_words BEFORE INSERT OR UPDATE OF file_name, text ON resumes
    FOR EACH ROW EXECUTE FUNCTION app_note_words();
