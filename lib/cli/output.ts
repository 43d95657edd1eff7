/** The text with whatever would move a terminal's cursor, colour it or turn its direction written out. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}

/** Lines of columns, each as wide as said; the last one ends as it ends. */
export function line(widths: readonly number[], cells: readonly (string | null)[]): string {
  const padded = cells.map((cell, column) => printable(cell ?? '-').padEnd(widths[column] ?? 0));
  return `${padded.join('  ').trimEnd()}\n`;
}

/** What an error says, what to do about it, and what lies behind it. */
export function describeError(error: unknown): string {
  const lines: string[] = [];
  for (let at: unknown = error; at !== undefined && lines.length < 5; at = causeOf(at)) {
    lines.push(`${lines.length === 0 ? '' : '  because: '}${messageOf(at)}`);
  }
  return `${lines.join('\n')}\n`;
}

export function messageOf(error: unknown): string {
  const { message, code } = (error ?? {}) as { message?: unknown; code?: unknown }; // anything can be thrown
  // One of several addresses that couldn't be reached has no message.
  const text = [message, code].find((part) => typeof part === 'string' && part !== '');
  return printable(String(text ?? error));
}

function causeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'cause' in error ? error.cause : undefined;
}
