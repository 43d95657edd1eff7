import { once } from 'node:events';
import { fork } from '../processes.mjs';
import { SERVER_CORE, settings } from '../settings.mjs';

const LIMIT = 20;

/** In a process of its own. */
export async function measureHeap() {
  const [{ before, after, pending }] = await once(fork(SERVER_CORE, 'seen-in-a-minute.mjs'), 'message');
  const mebibytes = (after - before) / 2 ** 20;
  if (pending !== settings.sessions) throw new Error(`Only ${pending} sessions wait for their touch.`);
  return {
    rows: [
      {
        what: `heap for ${settings.sessions.toLocaleString('en')} sessions seen in one minute, none of them written yet`,
        target: `under ${LIMIT} MiB`,
        value: `${mebibytes.toFixed(1)} MiB`,
        met: mebibytes < LIMIT,
      },
    ],
  };
}
