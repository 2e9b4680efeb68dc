-- The search index and the database tell each other apart by the tag of the last batch: what an index of a later or another state of the
-- database has, as when a backup of either was restored, is not what is known here.
ALTER TABLE search_index
    ADD COLUMN tag text COLLATE "C", -- of the last batch that the engine took in
    ADD COLUMN pending text COLLATE "C"; -- of the one that it is being given
