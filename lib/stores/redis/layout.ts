import { SetupError } from '../../internal/setup-error.js';
import type { SessionStore } from '../contract/sessions.js';
import { hasLayout1, layout1 } from './layout-1.js';
import { type Redis, textOrNull } from './scripts.js';

/** How sessions and their lookups lie there. It rises with every change that another version would misread. */
const LAYOUT = '2';

type Parts = Pick<Redis, 'command' | 'keys'>;

/** Rejects where the keys are laid out for another version of this code. Of keys that are new it says what they are. */
export async function assertLayout({ command, keys }: Parts): Promise<void> {
  const layout = await readLayout({ command, keys });
  if (layout === LAYOUT) return;
  if (await hasLayout1({ command, keys })) {
    throw new SetupError(
      'The sessions in Redis are laid out as an older stepgate did.',
      'Stop all processes of that, then call `migrate()` of `redisStore` once, before the app listens.',
    );
  }
  await writeLayout({ command, keys });
}

/** Lays older keys out anew, where they are. What fails half-way goes on with the next call. */
export async function migrateLayout(redis: Redis, copy: SessionStore['copy'] & object): Promise<void> {
  if ((await readLayout(redis)) === LAYOUT) return;
  const old = layout1(redis);
  const now = Date.now(); // for the time to live only
  for await (const rows of old.notBefores()) await copy.notBefore.put(rows, now);
  for await (const rows of old.sessions()) await copy.put(rows, now);
  await writeLayout(redis);
}

async function readLayout({ command, keys }: Parts): Promise<string | null> {
  const layout = textOrNull(await command('GET', keys.layout));
  if (layout === null || layout === LAYOUT) return layout;
  throw new SetupError(
    `The sessions in Redis have layout ${layout}, which this version of stepgate doesn't know.`,
    'Take the version that made them, or a newer one.',
  );
}

async function writeLayout({ command, keys }: Parts): Promise<void> {
  await command('SET', keys.layout, LAYOUT);
}
