/** Whether every store gives this text back as it was: it has no lone surrogate and no NUL. */
export function isStorable(text: string): boolean {
  return storable(text) === text;
}

/** The text without NULs, and with U+FFFD for each lone surrogate. */
export function storable(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8').replaceAll('\0', '');
}
