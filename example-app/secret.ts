import { randomBytes, randomUUID } from 'node:crypto';
import { linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The secret kept in this folder, made at the first start: sessions live on when the bank starts again. */
export function keptSecret(folder: string): string {
  const file = join(folder, '.stepgate-secret');
  // Written aside and then named: a bank that starts at the same time finds all of it or nothing.
  const made = `${file}.${randomUUID()}`;
  writeFileSync(made, randomBytes(32).toString('base64url'), { mode: 0o600 });
  try {
    linkSync(made, file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    unlinkSync(made);
  }
  return readFileSync(file, 'utf8').trim();
}
