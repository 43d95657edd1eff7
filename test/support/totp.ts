import { Secret, TOTP } from 'otpauth';

/** The code that the user's authenticator app shows at `timestamp` (epoch milliseconds). */
export function totpCode(secret: string, timestamp: number): string {
  return TOTP.generate({ secret: Secret.fromBase32(secret), timestamp });
}

/** A code of none of the three steps that count at `now`. */
export function wrongCode(secret: string, now: number): string {
  const right = [-30_000, 0, 30_000].map((offset) => totpCode(secret, now + offset));
  return ['000000', '000001', '000002', '000003'].find((code) => !right.includes(code)) ?? '';
}
