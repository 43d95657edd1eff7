// A program that acts for a customer with an API key. Each transfer that it asks for its owner approves on the page
// "Waiting for your approval"; above EUR 1,000 a manager of the bank does.
//   BANK_KEY=bank_… node example-app/agent.mjs bea@example.com 12.50
import { setTimeout as delay } from 'node:timers/promises';

const { BANK = 'http://localhost:3000', BANK_KEY } = process.env;
const [to, euros = ''] = process.argv.slice(2);
const [, whole, fraction = ''] = /^(\d{1,6})(?:\.(\d{1,2}))?$/.exec(euros) ?? [];

if (!BANK_KEY || !to || whole === undefined) {
  console.error('Usage: BANK_KEY=bank_… node example-app/agent.mjs <to> <euros, for example 12.50>');
  process.exit(2);
}

const headers = { Authorization: `Bearer ${BANK_KEY}`, 'Content-Type': 'application/json' };
const body = JSON.stringify({ to, amount: Number(whole + fraction.padEnd(2, '0')) });

function transfer(more) {
  return fetch(`${BANK}/agent/transfers`, { method: 'POST', headers: { ...headers, ...more }, body });
}

/** What became of it: 'approved', 'denied', 'expired'. */
async function decision({ id, interval }, named) {
  for (;;) {
    await delay(interval * 1_000);
    const look = await fetch(`${BANK}/auth/approvals/${id}`, { headers: { ...headers, ...named } });
    if (look.status === 429) continue; // looked too early
    const { status, detail } = await look.json();
    if (!look.ok) throw new Error(detail);
    if (status !== 'pending') return status;
  }
}

const first = await transfer();
const answer = await first.json();
if (first.ok || answer.code !== 'approval_required' || !answer.approval) {
  console.error(answer.detail ?? answer);
  process.exit(1);
}
const { approval } = answer;
console.log(`${approval.summary}: waits for an approval at ${approval.url}`);
const named = { 'Stepgate-Approval': `${approval.id}.${approval.token}` };
const status = await decision(approval, named);
if (status !== 'approved') {
  console.error(`It was ${status}, so nothing was sent.`);
  process.exit(1);
}
const sent = await transfer(named);
const done = await sent.json();
console.log(sent.ok ? `Sent. ${done.balance / 100} euros are left.` : done.detail);
process.exitCode = sent.ok ? 0 : 1;
