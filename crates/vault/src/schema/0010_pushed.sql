-- Requests that apps push before they send the person (RFC 9126).

alter table authorizations add column pushed blob;                  -- SHA-256 of the handle in its request_uri
alter table authorizations add column open_until bigint;            -- until when the request_uri leads here
alter table authorizations add column opened bigint not null default 0;
create unique index authorizations_pushed on authorizations (pushed) where pushed is not null;
