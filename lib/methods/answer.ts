// What methods read in the answers that they are given.

/** The member `name` of a response that has this one only; undefined for a response of any other shape. */
export function onlyMember(response: unknown, name: string): unknown {
  if (typeof response !== 'object' || response === null || Object.keys(response).length !== 1) return undefined;
  return Object.hasOwn(response, name) ? (response as Readonly<Record<string, unknown>>)[name] : undefined; // it has it
}

/** A recovery code with a space behind each character, and more. */
const MAX_TYPED = 64;

/**
 * Spaces, tabs and line ends; hyphens and dashes of every kind; what can't be seen, as direction marks and soft hyphens.
 * Apps show codes with some of these, and a paste brings others along.
 */
const FOR_THE_EYE = /[\s\x85\p{Dash}\u2043\p{Default_Ignorable_Code_Point}]/gu;

/**
 * A code as it was typed or pasted, without what is there for the eye, and with the digits of all scripts as 0 to 9. Null
 * for what is no string of at most 64 characters. Whether the rest is a code is the caller's to say.
 */
export function parseTypedCode(typed: unknown): string | null {
  if (typeof typed !== 'string' || typed.length > MAX_TYPED) return null;
  return typed.replace(FOR_THE_EYE, '').replace(/\p{Nd}/gu, asciiDigit);
}

/** In Unicode the ten digits of a script follow each other, from zero; some scripts' follow those of another. */
function asciiDigit(digit: string): string {
  const code = digit.codePointAt(0) ?? 0;
  let first = code;
  while (/\p{Nd}/u.test(String.fromCodePoint(first - 1))) first -= 1;
  return String((code - first) % 10);
}
