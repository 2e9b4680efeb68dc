-- Why nothing is sealed at present; NULL: sealing goes on. Written by the sealer, so that others can tell.
ALTER TABLE seal_log ADD COLUMN complaint text;
