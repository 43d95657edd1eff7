import type { IncomingMessage } from 'node:http';
import { parse, stringify } from 'node:querystring';

/** The fields of a form, in order; a name may come more than once. */
export type Fields = readonly (readonly [name: string, value: string])[];

export type ReadFieldsOutcome =
  /** `encoded`: as a form sends them. */
  { readonly outcome: 'read'; readonly encoded: string } | { readonly outcome: 'refused'; readonly why: RefusedFields };

/**
 * `files`: a multipart body. `type`: neither that nor a plain form. `unread`: no parser has read it. `changed`: the
 * fields would not come back the same. `size`: more than a page is to hold.
 */
export type RefusedFields = 'files' | 'type' | 'unread' | 'changed' | 'size';

const MAX_CHARACTERS = 65_536;

/** The fields of a form that was posted, if a page can hold them and a browser will send them again just so. */
export function readFields(req: IncomingMessage): ReadFieldsOutcome {
  const { body } = req as { body?: unknown }; // whichever parser ran has put it there
  const { 'content-type': type = '', 'content-length': length, 'transfer-encoding': encoding } = req.headers;
  if (encoding === undefined && (length === undefined || length === '0')) return { outcome: 'read', encoded: '' };
  if (/^multipart\//i.test(type)) return refused('files');
  if (!/^application\/x-www-form-urlencoded *(?:;|$)/i.test(type)) return refused('type');
  if (typeof body !== 'object' || body === null || Buffer.isBuffer(body)) return refused('unread');
  const encoded = stringify(body as Record<string, string>); // what isn't text shows in what comes back
  if (encoded.length > MAX_CHARACTERS) return refused('size');
  const isSame = JSON.stringify(parse(encoded, undefined, undefined, { maxKeys: 0 })) === JSON.stringify(body);
  return isSame && decodeFields(encoded).every(([name, value]) => isKept(name) && isKept(value) && isSentAsItIs(name))
    ? { outcome: 'read', encoded }
    : refused('changed');
}

export function decodeFields(encoded: string): Fields {
  return [...new URLSearchParams(encoded)];
}

function refused(why: RefusedFields): ReadFieldsOutcome {
  return { outcome: 'refused', why };
}

/** Whether a hidden field gives a text back: HTML has no NUL and no half characters, and forms know one kind of line end. */
function isKept(text: string): boolean {
  const isWellFormed = Buffer.from(text, 'utf8').toString('utf8') === text;
  return isWellFormed && !text.includes('\0') && text.replace(/\r\n|\r|\n/g, '\r\n') === text;
}

/** A browser leaves out fields without a name, and writes the form's encoding into `_charset_`. */
function isSentAsItIs(name: string): boolean {
  return name !== '' && name.toLowerCase() !== '_charset_';
}
