-- Passkeys. Home: person.
create table passkeys (
  id              blob not null primary key,  -- as the authenticator chose it
  person          blob not null references persons (id),
  public_key      blob not null,              -- COSE
  name            text not null,
  sign_count      bigint not null,            -- 0 if it does not count
  backup_eligible bigint not null,            -- 1: it may live on more than one device; never changes
  backed_up       bigint not null,            -- 1: it does
  created_at      bigint not null,
  used_at         bigint,
  copied_at       bigint                      -- when its count went back
);
create index passkeys_person on passkeys (person, created_at);

-- home: none; short-lived: what was given out to be signed
create table challenges (
  hash    blob not null primary key,          -- SHA-256 of the challenge
  bound   blob not null,                      -- SHA-256 of the browser and the purpose that it is for
  ends_at bigint not null
);
create index challenges_ends on challenges (ends_at);
