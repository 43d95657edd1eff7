import type { RefusalJson, StepUpRequiredJson } from '../wire.js';
import type { Ways } from './confirm.js';

/**
 * stepgate's refusal in an answer. Null for whatever else there may be: an answer of the app, of another library, of a
 * proxy, a body that is cut off.
 */
export async function refusalIn(response: Response): Promise<RefusalJson | null> {
  const isProblem = !response.ok && response.headers.get('Content-Type')?.includes('problem+json');
  const body = isProblem ? ((await jsonOf(response.clone())) as RefusalJson | null) : null; // if it has a code
  return body?.code ? body : null; // what more it has to have, `waysIn` looks at
}

/** The JSON object of a body; null for any other, a broken one too. */
export async function jsonOf(response: Response): Promise<object | null> {
  const body: unknown = await response.json().catch(() => null);
  return typeof body === 'object' ? body : null;
}

/**
 * The ways that are left where a refusal asks for a step-up; none where the user can't make one. Null for any other, and
 * for what can't be followed.
 */
export function waysIn(refusal: RefusalJson | null): Ways | null {
  const { code, missing } = { ...refusal } as Partial<Omit<StepUpRequiredJson, 'code'> & RefusalJson>; // as it should be
  if (code === 'step_up_unavailable') return [];
  return code === 'step_up_required' && Array.isArray(missing) && missing.every(Array.isArray) ? missing : null;
}
