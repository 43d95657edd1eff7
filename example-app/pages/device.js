// Only a comfort: without it the page shows the devices as they name themselves.
const { default: Bowser } = await import('/vendor/bowser.mjs').catch(() => ({ default: null }));

/** What to call the device behind a user agent, and which icon it gets. The text is a client's own claim: a hint, no proof. */
export function device(userAgent) {
  if (!userAgent) return { name: 'Unknown device', kind: 'program' };
  const { browser, os, platform } = Bowser?.parse(userAgent) ?? {};
  if (!browser?.name || !os?.name) return { name: userAgent.split(/[/ ]/, 1)[0].slice(0, 40), kind: 'program' };
  const kind = platform.type === 'mobile' || platform.type === 'tablet' ? 'mobile' : 'desktop';
  return { name: `${browser.name} on ${os.name}`, kind };
}
