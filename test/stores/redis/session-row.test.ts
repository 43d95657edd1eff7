import assert from 'node:assert/strict';
import { describe, it } from '@jest/globals';
import { rotatedRow, sessionRow } from '../../../lib/conformance/session-rows.js';
import { MINUTE, NOW } from '../../../lib/conformance/setting.js';
import type { SessionRow } from '../../../lib/stores/contract/sessions.js';
import { toRow, toText } from '../../../lib/stores/redis/session-row.js';

const text = (row: Partial<SessionRow>): string => toText(sessionRow({ id: 'a', ...row }));

describe('the text of a session in Redis', () => {
  it('is the session again, with times that are null, equal, earlier or later', () => {
    const times = { createdAt: NOW, authenticatedAt: NOW, tokenIssuedAt: NOW, lastSeenAt: NOW };
    const rows: readonly SessionRow[] = [
      sessionRow({ id: 'a', ...times }),
      sessionRow({ id: 'a', ...times, refreshHash: rotatedRow({ id: 'a' }).refreshHash, refreshedAt: NOW }),
      sessionRow({ id: 'a', ...times, refreshHash: rotatedRow({ id: 'a' }).refreshHash, refreshedAt: null }),
      sessionRow({ id: 'a', ...times, refreshedAt: NOW, tokenConfirmedAt: null }),
      sessionRow({ id: 'a', ...times, amr: [], signInProofs: {}, data: {}, label: '', userAgent: '{ "a" } - ' }),
      sessionRow({
        id: 'a',
        ...times,
        data: { label: null, empty: [], zero: 0 },
        stepUpProofs: { ['__proto__']: NOW },
      }),
      rotatedRow({ id: 'a', delivery: 'token-cookies', tokenIssuedAt: NOW + MINUTE, refreshedAt: NOW + 2 * MINUTE }),
    ];
    for (const row of rows) assert.deepEqual(toRow(toText(row), row), row);
  });

  it('has nothing of what is null, empty or can be told from the rest', () => {
    const times = { createdAt: NOW, authenticatedAt: NOW, tokenIssuedAt: NOW, lastSeenAt: NOW, tokenConfirmedAt: NOW };
    const short = text({ ...times, amr: [], signInProofs: {} });
    assert.match(short, /^c \w{8} \w{8} \w{8} \w{8} \w{8} - [\w-]{43} - \{\}$/);
    assert.doesNotMatch(text({ id: 'some-id', userId: 'somebody' }), /some/);
  });
});
