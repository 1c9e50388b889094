-- with a default, so that the version before, which knows no tags, keeps working on the new schema
alter table projects add column tags text[] not null default '{}';
