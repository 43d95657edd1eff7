/** The tables of stepgate 0.1, as it published them: the first migration, for ever. */
export const LAYOUT_0_1 = `
CREATE TABLE stepgate_schema (version integer NOT NULL);
INSERT INTO stepgate_schema (version) VALUES (1);

CREATE TABLE stepgate_sessions (
  id                   text COLLATE "C" PRIMARY KEY,
  user_id              text COLLATE "C" NOT NULL,
  delivery             text   NOT NULL,
  created_at           bigint NOT NULL,
  authenticated_at     bigint NOT NULL,
  last_seen_at         bigint NOT NULL,
  idle_expires_at      bigint NOT NULL,
  expires_at           bigint NOT NULL,
  user_agent           text,
  ip                   text,
  label                text,
  data                 text, -- JSON
  token_hash           text COLLATE "C" NOT NULL UNIQUE,
  previous_token_hash  text COLLATE "C",
  token_nonce          text,
  token_method         text,
  token_confirmed_at   bigint,
  refresh_hash         text,
  parent_refresh_hash  text,
  refresh_nonce        text,
  refreshed_at         bigint,
  refresh_confirmed_at bigint,
  amr                  text   NOT NULL, -- JSON
  acr                  text,
  sign_in_proofs       jsonb  NOT NULL,
  step_up_proofs       jsonb  NOT NULL
);
CREATE INDEX stepgate_sessions_previous_token_hash ON stepgate_sessions (previous_token_hash)
  WHERE previous_token_hash IS NOT NULL;
CREATE INDEX stepgate_sessions_user_id ON stepgate_sessions (user_id);
CREATE INDEX stepgate_sessions_ends_at ON stepgate_sessions (least(idle_expires_at, expires_at));

CREATE TABLE stepgate_not_before (
  user_id    text COLLATE "C" PRIMARY KEY,
  not_before bigint NOT NULL
);
CREATE INDEX stepgate_not_before_not_before ON stepgate_not_before (not_before);

CREATE TABLE stepgate_challenges (
  id            text COLLATE "C" PRIMARY KEY,
  session_id    text COLLATE "C" NOT NULL,
  user_id       text COLLATE "C" NOT NULL,
  purpose       text   NOT NULL,
  methods       text[] NOT NULL,
  value         text   NOT NULL,
  action_digest text,
  created_at    bigint NOT NULL,
  expires_at    bigint NOT NULL
);
CREATE INDEX stepgate_challenges_session_id ON stepgate_challenges (session_id, created_at);
CREATE INDEX stepgate_challenges_user_id ON stepgate_challenges (user_id);
CREATE INDEX stepgate_challenges_expires_at ON stepgate_challenges (expires_at);

CREATE TABLE stepgate_spent_challenges (
  hash       text COLLATE "C" PRIMARY KEY,
  expires_at bigint NOT NULL
);
CREATE INDEX stepgate_spent_challenges_expires_at ON stepgate_spent_challenges (expires_at);

CREATE TABLE stepgate_grants (
  session_id    text COLLATE "C" NOT NULL,
  action_digest text COLLATE "C" NOT NULL,
  user_id       text COLLATE "C" NOT NULL,
  method        text    NOT NULL,
  created_at    bigint  NOT NULL,
  expires_at    bigint  NOT NULL,
  spent         boolean NOT NULL,
  PRIMARY KEY (session_id, action_digest)
);
CREATE INDEX stepgate_grants_user_id ON stepgate_grants (user_id);
CREATE INDEX stepgate_grants_expires_at ON stepgate_grants (expires_at);

CREATE TABLE stepgate_attempts (
  user_id text COLLATE "C" NOT NULL,
  key     text COLLATE "C" NOT NULL,
  count   integer NOT NULL,
  ends_at bigint,
  PRIMARY KEY (user_id, key)
);
CREATE INDEX stepgate_attempts_ends_at ON stepgate_attempts (ends_at);

CREATE TABLE stepgate_passkeys (
  id              text COLLATE "C" PRIMARY KEY,
  user_id         text COLLATE "C" NOT NULL,
  user_handle     text    NOT NULL,
  public_key      text    NOT NULL,
  counter         bigint  NOT NULL,
  backup_eligible boolean NOT NULL,
  backed_up       boolean NOT NULL,
  transports      text[]  NOT NULL,
  label           text,
  created_at      bigint  NOT NULL,
  last_used_at    bigint
);
CREATE INDEX stepgate_passkeys_user_id ON stepgate_passkeys (user_id);

CREATE TABLE stepgate_totp (
  user_id          text COLLATE "C" PRIMARY KEY,
  encrypted_secret text   NOT NULL,
  created_at       bigint NOT NULL,
  confirmed_at     bigint,
  last_step        bigint
);

CREATE TABLE stepgate_recovery_codes (
  user_id    text COLLATE "C" NOT NULL,
  hash       text COLLATE "C" NOT NULL,
  created_at bigint NOT NULL,
  PRIMARY KEY (user_id, hash)
);
`;
