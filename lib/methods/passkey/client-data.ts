import { isObject } from './response.js';

/**
 * Whether the page was where it may be: not in another site's frame, except of those that are listed (WebAuthn Level 3,
 * 7.1 steps 10 and 11, 7.2 steps 13 and 14). The library checks some of it, and only in assertions. Null: not readable.
 */
export function isFrameAllowed(clientDataJSON: string, allowedTopOrigins: readonly string[]): boolean | null {
  let clientData: unknown;
  try {
    clientData = JSON.parse(new TextDecoder().decode(Buffer.from(clientDataJSON, 'base64url'))); // strips a BOM, as asked
  } catch {
    return null;
  }
  if (!isObject(clientData)) return null;
  const { crossOrigin = false, topOrigin } = clientData;
  if (crossOrigin === false && topOrigin === undefined) return true;
  return crossOrigin === true && typeof topOrigin === 'string' && allowedTopOrigins.includes(topOrigin);
}
