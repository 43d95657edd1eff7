import { call, notify, onSubmit } from './bank.js';
import { listPasskeys } from './passkeys.js';
import { callWithStepUp } from './step-up.js';
import { showTime } from './time.js';

const euros = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' });
const money = (cents) => euros.format(cents / 100);

const form = document.querySelector('#transfer');

onSubmit(form, async ({ to, amount }) => {
  const sent = await callWithStepUp('POST', '/transfers', { to, amount: toCents(amount) });
  form.reset();
  await Promise.all([showMoney(), listPasskeys()]); // one of them may have been used
  notify(`${money(sent.amount)} went to ${sent.to}.`);
});

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

/** Without arithmetic on fractions: 19.99 times 100 isn't 1999. */
function toCents(text) {
  const [, whole, fraction = ''] = /^(\d{1,6})(?:[.,](\d{1,2}))?$/.exec(text.trim()) ?? [];
  if (whole !== undefined) return Number(whole + fraction.padEnd(2, '0'));
  throw Object.assign(new Error('Write an amount such as 12.50.'), { field: 'amount' });
}
