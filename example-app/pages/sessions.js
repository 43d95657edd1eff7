import { leave, notify, onPress } from './bank.js';
import { client } from './client.js';
import { device } from './device.js';
import { showAgo, showTime } from './time.js';

const title = document.querySelector('#sessions-title');
const signOutOthers = document.querySelector('#sign-out-others');

onPress(signOutOthers, async () => {
  await client.sessions.endOthers();
  await listSessions();
  title.focus(); // the button is gone
  notify('You are signed out everywhere else.');
});

export async function listSessions() {
  const { sessions } = await client.sessions.list();
  document.querySelector('#sessions').replaceChildren(...sessions.map(sessionItem));
  signOutOthers.hidden = sessions.length < 2;
}

function sessionItem(session) {
  const item = document.querySelector('#session').content.cloneNode(true);
  const { name, kind } = device(session.userAgent);
  item.querySelector('.icon').dataset.kind = kind;
  item.querySelector('.name').textContent = name;
  item.querySelector('.badge').hidden = !session.current;
  item.querySelector('.ip').textContent = session.ip ?? 'unknown';
  showAgo(item.querySelector('.seen'), session.lastSeenAt);
  showTime(item.querySelector('.created'), session.createdAt);
  item.querySelector('.revoke .unseen').textContent = ` ${name}`;
  onPress(
    item.querySelector('.revoke'),
    () => revoke(session, name),
    () => session.current && 'Sign out on this device?',
  );
  return item;
}

async function revoke(session, name) {
  await client.sessions.end(session.id);
  if (session.current) return leave();
  await listSessions();
  title.focus(); // the button is gone
  notify(`${name} is signed out.`);
}
