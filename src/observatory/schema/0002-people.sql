-- People, how they prove who they are, their groups and tokens, and the log of what they did. The tables person,
-- person_session, person_account, person_verification and person_two_factor are those that better-auth expects
-- (src/observatory/people/auth.ts maps the names; a test asks it whether anything is missing). Times that order a list
-- are kept to the millisecond, as JavaScript knows them, so that a cursor names its row exactly.

create table person (
  id text primary key,
  name text not null,
  email text not null unique check (email = lower(email)),
  email_verified boolean not null default false,
  image text,
  role text not null default 'viewer' check (role in ('viewer', 'member', 'operator', 'administrator')),
  -- `person`: stays until a person changes it; else the sign-in provider whose claims gave it and take it back.
  role_by text not null default 'person',
  orcid text,
  two_factor_enabled boolean default false,
  disabled_at timestamptz,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz not null default now()
);

create index person_created on person (created_at, id);

create table person_session (
  id text primary key,
  token text not null unique,
  user_id text not null references person on delete cascade,
  expires_at timestamptz not null,
  ip_address text,
  user_agent text,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz not null default now()
);

create index person_session_user on person_session (user_id);

create table person_account (
  id text primary key,
  account_id text not null,
  provider_id text not null,
  user_id text not null references person on delete cascade,
  access_token text,
  refresh_token text,
  id_token text,
  access_token_expires_at timestamptz,
  refresh_token_expires_at timestamptz,
  scope text,
  password text,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz not null default now(),
  unique (provider_id, account_id)
);

create index person_account_user on person_account (user_id);

create table person_verification (
  id text primary key,
  identifier text not null,
  value text not null,
  expires_at timestamptz not null,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz not null default now()
);

create index person_verification_identifier on person_verification (identifier);

create table person_two_factor (
  id text primary key,
  secret text not null,
  backup_codes text not null,
  user_id text not null references person on delete cascade,
  verified boolean default true,
  failed_verification_count int default 0,
  locked_until timestamptz
);

create index person_two_factor_user on person_two_factor (user_id);
create index person_two_factor_secret on person_two_factor (secret);

create table person_group (
  id text primary key,
  name text not null,
  description text not null default '',
  created_at timestamptz(3) not null default now()
);

create unique index person_group_name on person_group (lower(name));

create table person_group_member (
  group_id text not null references person_group on delete cascade,
  person_id text not null references person on delete cascade,
  -- As role_by of the person.
  added_by text not null default 'person',
  created_at timestamptz(3) not null default now(),
  primary key (group_id, person_id)
);

create index person_group_member_person on person_group_member (person_id);

-- `ura_…`: only the SHA-256 is kept; it is random enough that nothing slower is needed.
create table person_token (
  id text primary key,
  person_id text not null references person on delete cascade,
  name text not null,
  hint text not null,
  hash text not null unique,
  scopes text[] not null,
  created_at timestamptz(3) not null default now(),
  expires_at timestamptz not null,
  last_used_at timestamptz,
  last_used_from text,
  revoked_at timestamptz
);

create index person_token_person on person_token (person_id, created_at desc, id desc);

-- One-time links. Without person_id: whoever has the link makes an account. With it: sets that person's password.
create table person_invitation (
  id text primary key,
  hash text not null unique,
  person_id text references person on delete cascade,
  role text not null check (role in ('viewer', 'member', 'operator', 'administrator')),
  groups text[] not null default '{}',
  note text not null default '',
  created_by text,
  created_at timestamptz(3) not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz,
  used_by text
);

create index person_invitation_created on person_invitation (created_at desc, id desc);

-- Links that make the first administrator: hashes only, all void once an account exists.
create table setup_link (
  hash text primary key,
  created_at timestamptz(3) not null default now()
);

-- Who did what, from where. Names nobody by reference, so that it outlives what it is about.
create table audit (
  id bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp(),
  actor_kind text not null,
  actor_id text,
  actor_name text not null,
  token_id text,
  address text,
  action text not null,
  subject_kind text not null,
  subject_id text not null,
  before jsonb,
  after jsonb
);

create index audit_subject on audit (subject_kind, subject_id, id desc);
create index audit_actor on audit (actor_id, id desc);
create index audit_action on audit (action, id desc);

create function audit_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'The audit log is append-only: % is refused.', tg_op using errcode = 'insufficient_privilege';
end
$$;

create trigger audit_append_only before update or delete or truncate on audit
  for each statement execute function audit_is_append_only();

-- down
-- loses data: Accounts, groups, tokens and the audit log are dropped.

drop table audit;
drop function audit_is_append_only();
drop table setup_link, person_invitation, person_token, person_group_member, person_group, person_two_factor,
  person_verification, person_account, person_session, person;
