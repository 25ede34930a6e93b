-- What proves that it is her, and what slows those who only pretend. Home: person, unless it says otherwise.

-- the browser whose session it is
alter table sessions add column browser blob;

-- browsers in which she has signed in before
create table browsers (
  person     blob not null references persons (id),
  token      blob not null,                 -- SHA-256 of the cookie
  agent      text not null,
  created_at bigint not null,
  seen_at    bigint not null,
  primary key (person, token)
) /* clustered */;
create index browsers_seen on browsers (seen_at);

-- signed in with a password, and not yet with a code
create table halves (
  token   blob not null primary key,        -- SHA-256 of the cookie
  person  blob not null references persons (id),
  ends_at bigint not null
);
create index halves_person on halves (person);
create index halves_ends on halves (ends_at);

create table totp (
  person       blob not null primary key references persons (id),
  secret       blob not null,               -- in the clear: codes are computed from it
  last_step    bigint not null default 0,   -- the last step whose code was used
  confirmed_at bigint,                      -- null until she has shown that her app knows it
  created_at   bigint not null
);

create table recovery_codes (
  person  blob not null references persons (id),
  hash    text not null,                    -- argon2id, PHC string; one salt for the set
  made_at bigint not null,
  primary key (person, hash)
) /* clustered */;

-- home: none; short-lived -----------------------------------------------------------------------------------------------
create table attempts (
  id      blob not null primary key,        -- SHA-256 of what is counted
  count   bigint not null,
  ends_at bigint not null
);
create index attempts_ends on attempts (ends_at);
