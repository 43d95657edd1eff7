// What waits for this user: each approval as the bank stored it when it was asked for, and nothing that its asker says now.
import { createApprovals } from '/vendor/stepgate/approvals.js';
import { leave, notify, onPress, onSubmit } from './bank.js';
import { client } from './client.js';
import { device } from './device.js';
import { showAgo, showTime } from './time.js';

const approvals = createApprovals(client);
const list = document.querySelector('#approvals');

client.on('signed-out', () => leave(`?ended=${location.pathname}`));

/** Only by `textContent`: a summary holds what somebody has typed. */
function approvalItem({ id, summary, httpMethod, url, payload, methods, asker, requestedAt, expiresAt }, mine) {
  const item = document.querySelector('#approval').content.cloneNode(true);
  item.querySelector('.summary').textContent = summary;
  item.querySelector('.asker').textContent = nameOf(asker);
  item.querySelector('.ip').textContent = asker.ip ?? 'unknown';
  item.querySelector('.request').textContent = `${httpMethod} ${url}\n${JSON.stringify(payload, null, 2)}`;
  showAgo(item.querySelector('.asked'), requestedAt);
  showTime(item.querySelector('.ends'), expiresAt);

  const usable = methods.filter((method) => mine.includes(method));
  const byPasskey = item.querySelector('.by-passkey');
  const byTotp = item.querySelector('.by-totp');
  byPasskey.hidden = !usable.includes('passkey');
  byTotp.hidden = !usable.includes('totp');
  item.querySelector('.none-of-methods').hidden = usable.length > 0;
  onPress(byPasskey, () => decide(() => approvals.approve(id, 'passkey'), `Approved: ${summary}.`));
  onSubmit(byTotp, ({ code }) => decide(() => approvals.approve(id, 'totp', { code }), `Approved: ${summary}.`));
  onPress(item.querySelector('.deny'), () => decide(() => approvals.deny(id), `Denied: ${summary}.`));
  return item;
}

function nameOf({ kind, label, userAgent }) {
  return kind === 'api-key' ? `a program with the key ${label}` : (label ?? device(userAgent).name);
}

/** Shows what is left also where it was not decided here: somebody else may have been first. */
async function decide(work, done) {
  try {
    await work();
  } catch (error) {
    if (error.code === 'step_up_failed') {
      throw Object.assign(new Error('That was not the right answer. Nothing is approved.'), { field: 'code' });
    }
    if (['approval_decided', 'not_found', 'outcome_unknown'].includes(error.code)) await show();
    throw error;
  }
  await show();
  document.querySelector('main').focus(); // the button is gone
  notify(done);
}

async function show() {
  const [waiting, methods] = await Promise.all([approvals.list(), client.methods()]);
  const mine = methods.filter(({ enrolled }) => enrolled).map(({ method }) => method);
  list.replaceChildren(...waiting.map((approval) => approvalItem(approval, mine)));
  document.querySelector('#none').hidden = waiting.length > 0;
}

async function showOrSay() {
  try {
    await show();
  } catch (error) {
    notify(`What waits for you could not be shown: ${error.message}`, 'error');
  }
}

document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') void showOrSay(); // which never rejects
});
await showOrSay();
