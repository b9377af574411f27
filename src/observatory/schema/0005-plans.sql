-- Plans: one row per version; exposures are bytes in the storage, by hash. Rules make plans by themselves.

create table plan (
  id uuid primary key,
  series uuid not null,
  version int not null check (version > 0),
  parent uuid references plan on delete set null,
  state text not null default 'queued'
    check (state in ('queued', 'solving', 'ready', 'failed', 'cancelled', 'closed')),
  title text not null,
  event_id uuid references alert_event on delete set null,
  -- Kept beside the id: a plan is explained also when its event is gone.
  event_name text,
  role text not null check (role in ('observation', 'test', 'mock', 'simulated')),
  notice_id uuid,
  localization_id uuid not null,
  -- A large one is whole in the storage; the row then has it without what can be long.
  request jsonb not null,
  request_sha256 text check (length(request_sha256) = 64),
  start_at timestamptz not null,
  end_at timestamptz not null,
  telescopes text[] not null,
  -- What it came to (PlanResult), and the document with its exposures.
  result jsonb,
  document_sha256 text check (length(document_sha256) = 64),
  document_bytes bigint,
  -- Made by itself beside a ready version; nobody has taken it yet.
  proposed boolean not null default false,
  -- Somebody wants the best plan found so far, now.
  stop_requested boolean not null default false,
  requested_by text not null,
  rule text,
  job_id uuid,
  problem jsonb,
  closed_because text,
  revision bigint not null default 0,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  closed_at timestamptz,
  unique (series, version)
);

create index plan_list on plan (created_at desc, id desc);
create index plan_event on plan (event_id, created_at desc) where event_id is not null;
create index plan_open on plan (event_id) where state in ('queued', 'solving', 'ready');

create table plan_rule (
  name text primary key,
  title text not null,
  enabled boolean not null,
  condition text not null,
  groups jsonb not null,
  delay_minutes float8 not null default 0,
  on_update text not null default 'propose' check (on_update in ('propose', 'ignore')),
  revision bigint not null default 0,
  changed_at timestamptz not null default now(),
  changed_by text not null
);

-- One plan per rule, group and notice, however often the notice is told of.
create table plan_trigger (
  rule text not null,
  group_number int not null,
  notice_id uuid not null,
  event_id uuid not null,
  plan_id uuid references plan on delete set null,
  at timestamptz not null default now(),
  primary key (rule, group_number, notice_id)
);

create index plan_trigger_event on plan_trigger (event_id, rule, group_number, at desc);

-- down
-- loses data: Plans, plan rules and what they triggered are dropped; the bytes stay in the storage.

drop table plan_trigger, plan_rule, plan;
