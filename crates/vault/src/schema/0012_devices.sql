-- home: app ----------------------------------------------------------------------------------------------------------
-- Devices that wait for a person's answer (RFC 8628). The question itself waits among the authorizations.
create table devices (
  hash        blob not null primary key,     -- SHA-256 of the device code
  user_code   text not null unique,          -- as it is shown; opens nothing but the question
  question    blob not null unique,          -- among the authorizations
  app         blob not null references apps (id),
  address     text,                          -- from where it asked
  agent       text not null,                 -- what it says it is
  person      blob,                          -- who typed the code: nobody else can answer any more
  state       text not null,                 -- waiting, allowed, denied, used
  answered_at bigint,
  family      blob,
  interval_s  bigint not null,
  polled_at   bigint,
  at          bigint not null,
  ends_at     bigint not null
);
create index devices_ends on devices (ends_at);
