-- What tokens and codes are bound to: the SHA-256 of a key (RFC 9449) or of a certificate (RFC 8705).

alter table codes add column jkt blob;
alter table access_tokens add column jkt blob;
alter table access_tokens add column x5t blob;
alter table refresh_tokens add column jkt blob;
alter table refresh_tokens add column x5t blob;
