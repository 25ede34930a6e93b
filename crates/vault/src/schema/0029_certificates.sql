-- Apps that prove themselves by a certificate, or whose tokens are bound to one (RFC 8705).

alter table apps add column tls_subject text;
alter table apps add column binds_certificate bigint not null default 0;
