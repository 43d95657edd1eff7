import { SetupError } from './setup-error.js';

/** `'30s'`, `'5m'`, `'12h'`, `'30d'`, or a number of **seconds**. */
export type Duration = number | `${bigint}${'s' | 'm' | 'h' | 'd'}`;

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * The milliseconds of a duration. Throws a `SetupError` for anything but a positive one; `allowZero` is for the
 * options that zero switches off.
 */
export function milliseconds(
  value: unknown,
  name: string,
  { allowZero = false }: { allowZero?: boolean } = {},
): number {
  const result = parse(value);
  if (Number.isSafeInteger(result) && (result > 0 || (allowZero && result === 0))) return result;
  throw new SetupError(
    `\`${name}\` must be a duration.`,
    `Write a positive number of seconds or a string such as '30s', '5m', '12h' or '30d'${allowZero ? ', or 0 to switch it off' : ''}.`,
  );
}

function parse(value: unknown): number {
  if (typeof value === 'number') return Number.isFinite(value) ? Math.round(value * 1_000) : Number.NaN;
  const match = typeof value === 'string' ? /^(\d{1,9})([smhd])$/.exec(value) : null;
  return match ? Number(match[1]) * (UNITS[match[2] ?? ''] ?? Number.NaN) : Number.NaN;
}
