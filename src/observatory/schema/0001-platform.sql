-- What the platform keeps: jobs with their log, events with the positions of their listeners, settings.
-- pg-boss keeps its own tables (delivery of jobs) in the schema `pgboss` and makes them itself.

create table job (
  id uuid primary key,
  kind text not null,
  state text not null check (state in ('queued', 'running', 'done', 'failed', 'cancelled', 'retrying')),
  input jsonb not null,
  key text,
  subject_kind text,
  subject_id text,
  requested_by text,
  priority int not null default 0,
  -- Runs only after this job is done; `waiting` until then, and not yet handed to pg-boss.
  after_id uuid references job on delete set null,
  waiting boolean not null default false,
  attempt int not null default 0,
  -- How often the process that ran it died.
  losses int not null default 0,
  -- Number under which the running process holds an advisory lock; a free lock means a dead process.
  worker int,
  cancel_requested boolean not null default false,
  progress_done float8,
  progress_total float8,
  progress_unit text,
  progress_rate float8,
  problem jsonb,
  result jsonb,
  created_at timestamptz not null default now(),
  start_after timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz
);

create unique index job_key on job (kind, key)
  where key is not null and state in ('queued', 'running', 'done', 'retrying');
create index job_due on job (kind, start_after) where state in ('queued', 'retrying');
create index job_running on job (worker) where state = 'running';
create index job_state on job (state, id desc);
create index job_subject on job (subject_kind, subject_id, id desc);
create index job_after on job (after_id) where after_id is not null;
create index job_waiting on job (after_id) where waiting;
create index job_finished on job (finished_at) where finished_at is not null;

create table job_log (
  line bigint generated always as identity primary key,
  job_id uuid not null references job on delete cascade,
  at timestamptz not null,
  text text not null
);

create index job_log_job on job_log (job_id, line);

-- Append-only. Order is (xid, id): ids are handed out before commit, so a smaller id may become visible later; a row is
-- final once its transaction is older than every one still running (`pg_snapshot_xmin`).
create table event (
  id bigint generated always as identity primary key,
  xid xid8 not null default pg_current_xact_id(),
  at timestamptz not null default clock_timestamp(),
  kind text not null,
  subject_kind text not null,
  subject_id text not null,
  data jsonb not null default '{}',
  audience text[] not null
);

create index event_order on event (xid, id);
create index event_kind on event (kind, id desc);
create index event_subject on event (subject_kind, subject_id, id desc);
create index event_at on event (at);

create table event_listener (
  name text primary key,
  xid xid8 not null,
  id bigint not null,
  -- Failures in a row at the event after this position, and the last one's sentence.
  failures int not null default 0,
  problem text,
  updated_at timestamptz not null default now()
);

-- Events that a listener could not take after several attempts, kept for a person to see.
create table event_dead_letter (
  listener text not null references event_listener (name) on delete cascade,
  event_id bigint not null,
  problem text not null,
  at timestamptz not null default now(),
  primary key (listener, event_id)
);

create table setting (
  name text primary key,
  value jsonb not null,
  updated_at timestamptz not null default now()
);

-- down
-- loses data: Jobs with their logs, events and settings are dropped.

drop table setting, event_dead_letter, event_listener, event, job_log, job;
drop schema if exists pgboss cascade;
