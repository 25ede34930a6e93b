-- A person may let an app do more within a grant that stands, and an answer may be given to less than its grant.

alter table grants add column agreed_at bigint not null default 0; -- when she last agreed to how long it lasts
update grants set agreed_at = given_at;

-- What a family of tokens may use of its grant: these columns and no more. Which conversations were picked is the grant's.
alter table token_families add column scopes bigint not null default 15;
alter table token_families add column actions bigint not null default 15;
alter table token_families add column started_only bigint not null default 0;
alter table token_families add column since_kind text not null default 'all';
alter table token_families add column since_value bigint not null default 0;
alter table token_families add column kinds bigint not null default 7;
alter table token_families add column ends_at bigint not null default 253402207200000000;
alter table token_families add column at bigint not null default 0; -- when the answer was given that it comes of
alter table token_families add column authed_at bigint not null default 0; -- when she had signed in for it
update token_families set
  at = coalesce((select g.given_at from grants g where g.id = token_families.grant_id), 0),
  authed_at = coalesce((select c.authed_at from codes c where c.family = token_families.id), 0);
