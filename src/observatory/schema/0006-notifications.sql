-- Notifications: what rooms tell is kept word for word as a message; rules decide who hears it through which channel; each
-- such delivery is a row of the outbox until it went out, and the log of it afterwards.

create table notification_channel (
  id uuid primary key,
  name text not null unique,
  kind text not null,
  settings jsonb not null default '{}',
  -- Secret settings, each sealed by itself.
  sealed jsonb not null default '{}',
  enabled boolean not null default true,
  failing_since timestamptz,
  failing_why text,
  failures int not null default 0,
  -- While it fails nothing is tried before this.
  retry_at timestamptz,
  last_sent_at timestamptz,
  revision bigint not null default 0,
  created_at timestamptz not null default now()
);

create table notification_rule (
  name text primary key,
  definition jsonb not null,
  revision bigint not null default 0,
  updated_by text not null,
  updated_at timestamptz not null default now()
);

-- Events of the event table on their way to messages, in the order in which they happened.
create table notification_composition (
  seq bigint generated always as identity primary key,
  event_id bigint not null unique,
  state text not null default 'pending' check (state in ('pending', 'prepared', 'failed', 'done')),
  at timestamptz not null default now()
);

create index notification_composition_open on notification_composition (seq) where state in ('pending', 'prepared');

-- Bulletins of events that are composed and wait for those before them.
create table notification_prepared (
  event_id bigint not null references notification_composition (event_id) on delete cascade,
  item int not null,
  content jsonb not null,
  primary key (event_id, item)
);

create table notification_message (
  id bigint generated always as identity primary key,
  -- Row of the event table and number of the bulletin made from it; null for what this room makes itself.
  event_id bigint,
  item int,
  form text not null check (form in ('news', 'reminder', 'digest')),
  kind text not null,
  role text not null check (role in ('start', 'news', 'end')),
  thread_kind text not null,
  thread_id text not null,
  thread_name text not null,
  -- Under what its sort is filed.
  thread_group text not null default '',
  headline text not null,
  body text not null default '',
  facts jsonb not null default '[]',
  links jsonb not null default '[]',
  pictures jsonb not null default '[]',
  files jsonb not null default '[]',
  folders jsonb not null default '[]',
  actions jsonb not null default '[]',
  rehearsal boolean not null default false,
  "values" jsonb not null default '{}',
  audience text[] not null default '{}',
  at timestamptz not null default now(),
  unique (event_id, item)
);

create index notification_message_thread on notification_message (thread_kind, thread_id, id);
create index notification_message_at on notification_message (at);

create table notification_delivery (
  id bigint generated always as identity primary key,
  -- The same for every attempt: what channels tell doubles by.
  key uuid not null unique default gen_random_uuid(),
  message_id bigint not null references notification_message on delete cascade,
  channel_id uuid references notification_channel on delete set null,
  channel_name text not null,
  -- Empty: the channel's own audience; else person:<id>, group:<id> or everyone.
  target text not null default '',
  thread_kind text not null,
  thread_id text not null,
  rule text,
  headline text,
  -- Somebody is to acknowledge it.
  watched boolean not null default false,
  urgent boolean not null default false,
  state text not null default 'waiting'
    check (state in ('waiting', 'collecting', 'sending', 'sent', 'digested', 'dead', 'dropped')),
  attempts int not null default 0,
  uncertain boolean not null default false,
  not_before timestamptz not null default now(),
  -- Waits for the end of a person's quiet hours.
  held boolean not null default false,
  first_attempt_at timestamptz,
  claimed_at timestamptz,
  claimed_by text,
  problem jsonb,
  receipt text,
  url text,
  sent_at timestamptz,
  digest_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  unique (message_id, channel_id, target)
);

create index notification_delivery_open on notification_delivery (channel_id, target, thread_kind, thread_id, id)
  where state in ('waiting', 'sending');
create index notification_delivery_thread on notification_delivery (thread_kind, thread_id, id);
create index notification_delivery_state on notification_delivery (state, id);
create index notification_delivery_digest on notification_delivery (rule, digest_at) where state = 'collecting';

-- What the first message of a thread left behind on a channel.
create table notification_thread (
  channel_id uuid not null references notification_channel on delete cascade,
  target text not null,
  thread_kind text not null,
  thread_id text not null,
  state jsonb not null,
  primary key (channel_id, target, thread_kind, thread_id)
);

-- Threads that somebody is to acknowledge.
create table notification_watch (
  id uuid primary key,
  thread_kind text not null,
  thread_id text not null,
  rule text not null,
  message_id bigint not null references notification_message on delete cascade,
  started_at timestamptz not null default now(),
  reminded int not null default 0,
  escalated_at timestamptz,
  ended_at timestamptz,
  ended_why text,
  unique (thread_kind, thread_id, rule)
);

create index notification_watch_message on notification_watch (message_id);

create table notification_acknowledgement (
  thread_kind text not null,
  thread_id text not null,
  thread_name text not null,
  at timestamptz(3) not null default now(),
  person_id text references person on delete set null,
  name text not null,
  through text not null,
  primary key (thread_kind, thread_id)
);

-- Local times of the zone, so that a night begins at the same hour of the clock in winter and summer.
create table notification_shift (
  id uuid primary key,
  title text not null,
  people text[] not null default '{}',
  -- Mail addresses of a calendar that belong to nobody here.
  unmatched text[] not null default '{}',
  starts text not null,
  zone text not null,
  minutes float8 not null,
  -- Length in elapsed time rather than by the clock on the wall.
  exact boolean not null default false,
  recurrence text,
  skipped text[] not null default '{}',
  added text[] not null default '{}',
  calendar text,
  uid text,
  created_by text not null,
  created_at timestamptz not null default now()
);

create index notification_shift_calendar on notification_shift (calendar) where calendar is not null;

create table notification_inbox (
  id bigint generated always as identity primary key,
  delivery_id bigint not null unique references notification_delivery on delete cascade,
  message_id bigint not null references notification_message on delete cascade,
  target text not null,
  audience text[] not null default '{}',
  at timestamptz not null default now()
);

create index notification_inbox_target on notification_inbox (target, id desc);
create index notification_inbox_message on notification_inbox (message_id);

create table notification_read (
  person_id text not null references person on delete cascade,
  entry_id bigint not null references notification_inbox on delete cascade,
  at timestamptz not null default now(),
  primary key (person_id, entry_id)
);

create index notification_read_entry on notification_read (entry_id);

create table notification_preference (
  person_id text primary key references person on delete cascade,
  zone text not null default 'UTC',
  quiet_from text,
  quiet_to text,
  -- Names of channels that this person does not want to hear from.
  muted text[] not null default '{}',
  -- Address by name of channel.
  addresses jsonb not null default '{}',
  updated_at timestamptz not null default now()
);

insert into notification_channel (id, name, kind)
  values ('6a0d3a0e-6f4b-4c0c-9d0b-1f1e0d0c0b0a', 'inbox', 'inbox');
insert into notification_rule (name, definition, updated_by)
  values ('news-to-the-inbox', '{
    "title": "What matters to everybody''s inbox",
    "kinds": ["alerts.*", "plans.started", "plans.finished", "plans.proposed", "plans.failed", "plans.closed"],
    "when": "significant = true OR significant IS NULL",
    "to": ["everybody"],
    "through": ["inbox"]
  }', 'urania');

-- down
-- loses data: Channels, rules, messages, the delivery log, shifts, acknowledgements, inboxes and preferences are dropped.

drop table notification_preference, notification_read, notification_inbox, notification_shift, notification_acknowledgement,
  notification_watch, notification_thread, notification_delivery, notification_message, notification_prepared,
  notification_composition, notification_rule, notification_channel;
