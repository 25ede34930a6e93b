-- The counting map (docs/ledger.md, section 7). home: log.

-- whose access an entry commits to: what is counted next is what was given its place last. Beside the entry, which is
-- written anyway, and no index over accesses, which would be one more page in each commit.
alter table ledger_entries add column home blob;
alter table ledger_entries add column n bigint;
create index access_leaf_once on access (leaf);
update ledger_entries set home = (select x.grant_id from access x where x.leaf = ledger_entries.idx),
  n = (select x.n from access x where x.leaf = ledger_entries.idx);
drop index access_leaf_once;

create table map_head (
  one     bigint primary key,       -- always 1
  n       bigint not null,          -- the number of the newest map
  size    bigint not null,          -- how many entries of the log it covers
  labels  bigint not null,          -- how many labels stand in the tree of people and grants
  version bigint not null,          -- grows with each change of the tree
  erased  bigint not null           -- labels were taken out since the newest map
);

create table maps (
  n      bigint primary key,
  at     bigint not null,
  record text not null,             -- the canonical record, as it stands in the log
  leaf   bigint
);
create index maps_at on maps (at);

-- the tree of people and grants
create table map_tiles (
  path  blob not null primary key,  -- four bits a byte
  tile  blob not null
) /* clustered */;

-- what is counted for a person or a grant
create table map_standings (
  home    blob not null primary key,
  lists   bigint not null,
  reads   bigint not null,
  sends   bigint not null,
  deletes bigint not null,
  head    blob not null
) /* clustered */;

-- what is counted for an app, from each map on in which it changed
create table map_apps (
  app     blob not null,
  n       bigint not null,
  lists   bigint not null,
  reads   bigint not null,
  sends   bigint not null,
  deletes bigint not null,
  head    blob not null,
  primary key (app, n)
) /* clustered */;

create table map_blinds (
  app   blob not null primary key,
  blind blob not null
) /* clustered */;
