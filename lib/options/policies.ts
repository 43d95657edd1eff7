import type { StepgateOptions } from './index.js';

/**
 * A ready set of lifetimes and switches, named after where its numbers come from. It is these settings and no
 * statement of conformity; options given beside it win.
 */
export type Policy = 'nist-aal2' | 'nist-aal3' | 'psd2';

type PolicySettings = Required<
  Pick<StepgateOptions, 'idleLifetime' | 'absoluteLifetime' | 'csrf' | 'refreshGrace' | 'tokenOverlap'>
>;

const STRICT = { csrf: 'strict', refreshGrace: 0, tokenOverlap: 0 } as const;
export const POLICIES: Readonly<Record<Policy, PolicySettings>> = {
  'nist-aal2': { idleLifetime: '1h', absoluteLifetime: '24h', ...STRICT }, // SP 800-63B-4 2.2.3
  'nist-aal3': { idleLifetime: '15m', absoluteLifetime: '12h', ...STRICT }, // SP 800-63B-4 2.3.3
  psd2: { idleLifetime: '5m', absoluteLifetime: '12h', ...STRICT }, // RTS (EU) 2018/389 art. 4(3)(d)
};
