-- The named studies of the other modalities: their names, how many exposures each has, in which order they are made.
CREATE TABLE sample.named (kind text, place integer, name text, events integer);
