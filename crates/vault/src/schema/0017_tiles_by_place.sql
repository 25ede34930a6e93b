-- Tiles are stored by one number. A row of 8 KB in a table that is stored by its key leaves four keys to a page of the tree on
-- SQLite, and so eight levels to go down; by a number it is three, and a proof reads a tile a level.

create table tiles_by_place (
  place  bigint primary key,                -- level * 2^48 + number
  hashes blob not null                      -- 1 to 256 hashes of 32 bytes; grows until it is full
);
insert into tiles_by_place select level * 281474976710656 + n, hashes from ledger_tiles;
drop table ledger_tiles;
alter table tiles_by_place rename to ledger_tiles;
