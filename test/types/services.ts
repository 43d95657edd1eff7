// What a wrong wiring looks like to the compiler.

import type { Services } from '../../lib/services.js';
import { createCleanup } from '../../lib/session/cleanup.js';
import { createSessions } from '../../lib/session/sessions.js';
import { createChallenges } from '../../lib/step-up/challenges.js';

declare const services: Services;
const { settings, store, secrets, clock, emit, touchQueue, refreshTokens, returnTokens, accessTokens, sessions } =
  services;

createCleanup({ settings, store, clock, emit });
createSessions({ settings, store, secrets, clock, emit, touchQueue, refreshTokens, returnTokens });

// @ts-expect-error -- a service that is missing
createCleanup({ settings, store, clock });

// @ts-expect-error -- two that are swapped
createCleanup({ settings, store: clock, clock: store, emit });

// @ts-expect-error -- one that looks alike
createSessions({ settings, store, secrets, clock, emit, touchQueue, refreshTokens: accessTokens, returnTokens });

// @ts-expect-error -- a part of the store in place of the store
createChallenges({ store: store.sessions, clock });

// @ts-expect-error -- a service of the same word in another place
createChallenges({ store: sessions, clock });
