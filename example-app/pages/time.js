const format = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

/** A moment as a date and a time of the day. */
export const dateAndTime = (at) => format.format(at);

export function showTime(element, at) {
  show(element, at, dateAndTime(at));
}

/** Shows how long ago a moment is. */
export function showAgo(element, at) {
  show(element, at, ago(at));
}

function show(element, at, text) {
  element.dateTime = new Date(at).toISOString();
  element.title = dateAndTime(at);
  element.textContent = text;
}

function ago(at) {
  const seconds = Math.max(0, Date.now() - at) / 1000;
  if (seconds < 60) return 'just now';
  if (seconds < 3600) return relative.format(-Math.floor(seconds / 60), 'minute');
  if (seconds < 86_400) return relative.format(-Math.floor(seconds / 3600), 'hour');
  return relative.format(-Math.floor(seconds / 86_400), 'day');
}
