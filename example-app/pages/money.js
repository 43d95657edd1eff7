import { call, notify, onPress, onSubmit } from './bank.js';
import { client } from './client.js';
import { listPasskeys } from './passkeys.js';
import { showTime } from './time.js';

const euros = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' });
const money = (cents) => euros.format(cents / 100);

const form = document.querySelector('#transfer');
const after = document.querySelector('#after-transfer');
let last;

onSubmit(form, async ({ to, amount }) => {
  await send({ to, amount: toCents(amount) });
  form.reset();
});

onPress(document.querySelector('#send-again'), () => send(last));

// The approval was for another amount. The dialog would ask for one of its own: this shows what the bank says without.
onPress(document.querySelector('#send-more'), async () => {
  const more = { ...last, amount: last.amount * 100 };
  const response = await client.fetch('/transfers', { method: 'POST', json: more, stepUp: false });
  if (response.status !== 401) throw new Error(`The bank answered ${response.status}.`);
  notify(`Refused: you have confirmed ${money(last.amount)}, and nobody ${money(more.amount)}.`);
});

/** Sends money, and shows what the bank has booked, also where its answer got lost. */
async function send(transfer) {
  try {
    const sent = await call('POST', '/transfers', transfer);
    last = transfer;
    after.hidden = false;
    await Promise.all([showMoney(), listPasskeys()]); // one of them may have been used
    notify(`${money(sent.amount)} went to ${sent.to}.`);
  } catch (error) {
    if (error.code === 'outcome_unknown') await showMoney().catch(() => null); // that is the next thing to look at
    throw error;
  }
}

/** Shows the balance and the latest transfers; gives whose they are. */
export async function showMoney() {
  const [me, { transfers }] = await Promise.all([call('GET', '/me'), call('GET', '/transfers')]);
  document.querySelector('#balance').textContent = money(me.balance);
  document.querySelector('#transfers').replaceChildren(...transfers.map((transfer) => transferItem(transfer, me)));
  document.querySelector('#no-transfers').hidden = transfers.length > 0;
  return me;
}

function transferItem({ from, to, amount, approvedBy, sentAt }, me) {
  const item = document.querySelector('#booking').content.cloneNode(true);
  const isSent = from === me.email;
  item.querySelector('.who').textContent = isSent ? `To ${to}` : `From ${from}`;
  item.querySelector('.amount').textContent = `${isSent ? '−' : '+'}${money(amount)}`;
  item.querySelector('.how').textContent = isSent
    ? `, confirmed by ${approvedBy === 'totp' ? 'code' : approvedBy}`
    : '';
  showTime(item.querySelector('time'), sentAt);
  return item;
}

const KEPT = 'transfer'; // in the tab's own storage, until it is read

/** Keeps what is typed, for a tab whose user has to sign in again first. */
export function keepTransfer() {
  const { to, amount } = form.elements;
  const email = document.querySelector('#email').textContent;
  if (to.value || amount.value) {
    sessionStorage.setItem(KEPT, JSON.stringify({ email, to: to.value, amount: amount.value }));
  }
}

/** Puts it back into the form, and says whether it did; what somebody else has typed is dropped. */
export function showKeptTransfer(email) {
  const kept = JSON.parse(sessionStorage.getItem(KEPT));
  sessionStorage.removeItem(KEPT);
  if (kept?.email !== email) return false;
  form.elements.to.value = kept.to;
  form.elements.amount.value = kept.amount;
  return true;
}

/** Without arithmetic on fractions: 19.99 times 100 isn't 1999. */
function toCents(text) {
  const [, whole, fraction = ''] = /^(\d{1,6})(?:[.,](\d{1,2}))?$/.exec(text.trim()) ?? [];
  const cents = whole === undefined ? 0 : Number(whole + fraction.padEnd(2, '0'));
  if (cents > 0) return cents;
  throw Object.assign(new Error('Write an amount such as 12.50.'), { field: 'amount' });
}
