-- Which refresh tokens there were of one family: a containment of a span finds what came of those that were issued in it.
create index refresh_tokens_family on refresh_tokens (family);
