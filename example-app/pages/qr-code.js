import { encode } from '/vendor/uqr.mjs';

const SVG = 'http://www.w3.org/2000/svg';

/** Draws a text as a QR code: dark on white in every colour scheme, as cameras want it. */
export function qrCode(text, label) {
  const { data, size } = encode(text, { border: 4 });
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', `0 0 ${size} ${size}`);
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', label);
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute(
    'd',
    data.map((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : '')).join('')).join(''),
  );
  svg.append(path);
  return svg;
}
