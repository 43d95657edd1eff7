const inTheMiddle =
  (separator: string) =>
  (code: string): string =>
    code.slice(0, code.length / 2) + separator + code.slice(code.length / 2);

const inDigitsFrom =
  (zero: number) =>
  (code: string): string =>
    code.replace(/[0-9]/g, (digit) => String.fromCodePoint(zero + Number(digit)));

/** How people type a code, or what a paste makes of it. */
export const TYPED_FORMS: Readonly<Record<string, (code: string) => string>> = {
  'as it is': (code) => code,
  'with a space in the middle': inTheMiddle(' '),
  'with two spaces in the middle': inTheMiddle('  '),
  'with a no-break space in the middle': inTheMiddle('\u00a0'),
  'with a narrow no-break space in the middle': inTheMiddle('\u202f'),
  'with an ideographic space in the middle': inTheMiddle('\u3000'),
  'with a hyphen in the middle': inTheMiddle('-'),
  'with a no-break hyphen in the middle': inTheMiddle('\u2011'),
  'with an en dash in the middle': inTheMiddle('\u2013'),
  'with an em dash in the middle': inTheMiddle('\u2014'),
  'with a minus in the middle': inTheMiddle('\u2212'),
  'with a full width hyphen in the middle': inTheMiddle('\uff0d'),
  'with a soft hyphen in the middle': inTheMiddle('\u00ad'),
  'with a space before it': (code) => ` ${code}`,
  'with a space after it': (code) => `${code} `,
  'with a tab before it': (code) => `\t${code}`,
  'with a line end': (code) => `${code}\n`,
  'with a line end of Windows': (code) => `${code}\r\n`,
  'with a line separator': (code) => `${code}\u2028`,
  'with a next line': (code) => `${code}\u0085`,
  'with a byte order mark': (code) => `\ufeff${code}`,
  'with a zero-width space': inTheMiddle('\u200b'),
  'with a word joiner': inTheMiddle('\u2060'),
  'between direction marks': (code) => `\u200e${code}\u200f`,
  'isolated from the direction around it': (code) => `\u2068${code}\u2069`,
  'in Arabic-Indic digits': inDigitsFrom(0x0660),
  'in Persian digits': inDigitsFrom(0x06f0),
  'in Devanagari digits': inDigitsFrom(0x0966),
  'in full width digits': inDigitsFrom(0xff10),
  'in bold digits': inDigitsFrom(0x1d7ce),
  'in monospace digits': inDigitsFrom(0x1d7f6),
  'in Persian digits between direction marks': (code) => `\u200f${inDigitsFrom(0x06f0)(code)}\u200f`,
};
