import { randomBytes } from 'node:crypto';
import type { Command } from './command.js';

const BYTES = 32;

export const secret: Command = {
  about: 'print a new secret for the option `secret`',
  async run({ print }) {
    await print(`${randomBytes(BYTES).toString('base64url')}\n`);
    return 0;
  },
};
