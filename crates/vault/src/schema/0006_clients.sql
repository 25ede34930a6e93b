-- Apps that prove themselves by keys or certificates, and what is bound to a key.

-- public, secret, keys, tls, self_signed
alter table apps add column profile text not null default 'oauth21';
alter table apps add column jwks text;                              -- the app's keys, as registered
alter table apps add column jwks_uri text;                          -- or where they are
alter table apps add column tls_subject text;                       -- how its certificate names it: dn:…, dns:…, uri:…, ip:…, email:…
alter table apps add column signed_requests bigint not null default 0; -- takes signed authorization requests only
alter table apps add column bound_tokens bigint not null default 0; -- takes tokens bound to a key only

-- A request that was pushed: it waits like any other, under a name that only the app knows.
alter table authorizations add column pushed blob;                  -- SHA-256 of its request_uri
alter table authorizations add column pushed_ends_at bigint;        -- until when it can be opened
create unique index authorizations_pushed on authorizations (pushed);

-- What a code or token is bound to: a byte for the kind (1 a DPoP key, 2 a certificate), then its SHA-256.
alter table codes add column bound blob;
alter table access_tokens add column bound blob;
alter table token_families add column bound blob;                   -- of a public app: its refresh tokens are bound too

-- home: app. What was used, and may not be again while it would be worth anything.
create table used_once (
  mark  blob not null primary key,
  until bigint not null
) /* clustered */;
create index used_once_until on used_once (until);
