-- Apps that prove themselves by keys.

-- kind: public, secret, keys
alter table apps add column profile text not null default 'oauth21';
alter table apps add column jwks text;                              -- the app's keys, as registered
alter table apps add column jwks_uri text;                          -- or where they are

-- home: app. What was used, and may not be again while it would be worth anything.
create table used_once (
  mark  blob not null primary key,
  until bigint not null
) /* clustered */;
create index used_once_until on used_once (until);
