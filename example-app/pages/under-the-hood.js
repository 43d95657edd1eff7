// Shows what goes over the network for the visitor's own presses: the requests as they are sent, and what came back.

const strip = document.querySelector('#requests');
const WATCHED =
  /^\/(?:transfers|role|password|account|export|api-key|auth\/(?:step-up|passkeys|totp|recovery-codes))(?:\/|$)/;

/** From now on each request of the page that does something, or may have to be confirmed, is listed. */
export function watchRequests() {
  if (!strip) return;
  const send = globalThis.fetch;
  globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    const { method } = request;
    const { pathname } = new URL(request.url);
    const body = await request.clone().text();
    try {
      const response = await send(request);
      if (WATCHED.test(pathname) && (method !== 'GET' || !response.ok || pathname === '/export')) {
        const answer = await response
          .clone()
          .json()
          .catch(() => null);
        show(method, pathname, body, response.status, factsOf(answer));
      }
      return response;
    } catch (error) {
      if (WATCHED.test(pathname)) show(method, pathname, body, 'no answer', '');
      throw error;
    }
  };
}

/** What is worth seeing of an answer; the rest is in the developer tools. */
function factsOf(answer) {
  if (!answer) return '';
  if (answer.verified) return `verified by ${answer.method}; a new session token, the same session`;
  const { code, reason, challenge } = answer;
  const boundTo = challenge?.summary ? `, good for exactly this: “${challenge.summary}”` : '';
  return code ? `${code}${reason ? ` (${reason})` : ''}${boundTo}` : '';
}

function show(method, path, body, status, facts) {
  const item = document.createElement('li');
  const code = document.createElement('code');
  code.textContent = `${method} ${path.replace(/[\w-]{20,}/, '…')} → ${status}`;
  item.append(code);
  const sent = secretless(body);
  for (const text of [sent && `sent ${sent}`, facts]) {
    if (!text) continue;
    const line = document.createElement('p');
    line.className = 'fine';
    line.textContent = text;
    item.append(line);
  }
  strip.append(item);
  while (strip.childElementCount > 12) strip.firstElementChild.remove();
  document.querySelector('#no-requests').hidden = true;
}

/** A body without what was typed as a secret, and without the long parts of a passkey's answer. */
function secretless(body) {
  try {
    const fields = JSON.parse(body);
    if ('response' in fields || 'next' in fields || 'code' in fields) return '';
    return JSON.stringify(fields);
  } catch {
    return ''; // no JSON
  }
}
