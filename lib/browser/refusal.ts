import type { RefusalJson, StepUpRequiredJson } from '../wire.js';

/**
 * The kit's refusal in an answer. Null for whatever else there may be: an answer of the app, of another library, of a
 * proxy, a body that is cut off.
 */
export async function refusalIn(response: Response): Promise<RefusalJson | null> {
  const isProblem = response.headers.get('Content-Type')?.startsWith('application/problem+json');
  const body = !response.ok && isProblem ? await jsonOf(response.clone()) : null;
  return body && 'code' in body ? (body as RefusalJson) : null; // what more it has to have, `asks` looks at
}

/** The JSON object of a body; null for any other, a broken one too. */
export async function jsonOf(response: Response): Promise<object | null> {
  const body: unknown = await response.json().catch(() => null);
  return typeof body === 'object' ? body : null;
}

/** Whether a refusal asks for a step-up, in a form that can be followed. */
export function asks(refusal: RefusalJson | null): refusal is StepUpRequiredJson {
  if (refusal?.code !== 'step_up_required') return false;
  const { missing } = refusal as Partial<StepUpRequiredJson>; // as it should be
  return Array.isArray(missing) && missing.every(Array.isArray);
}
