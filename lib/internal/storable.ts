/** Whether this is text that every store gives back as it was: it has no lone surrogate and no NUL. */
export function isStorable(value: unknown): value is string {
  return typeof value === 'string' && storable(value) === value;
}

/** The text without NULs, and with U+FFFD for each lone surrogate. */
export function storable(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8').replaceAll('\0', '');
}
