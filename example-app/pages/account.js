import { call, leave, onSubmit, say, whileBusy } from './bank.js';
import { device } from './device.js';

const notice = document.querySelector('#notice');
const title = document.querySelector('#sessions-title');
const signOutOthers = document.querySelector('#sign-out-others');

const dateAndTime = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

onPress(document.querySelector('#sign-out'), async () => {
  await call('POST', '/auth/logout');
  leave();
});

onPress(signOutOthers, async () => {
  await call('DELETE', '/auth/sessions?keep=current');
  await listSessions();
  title.focus(); // the button is gone
  say(notice, 'You are signed out everywhere else.');
});

onSubmit(document.querySelector('#password'), async () => {
  document.querySelector('#password').reset();
  await listSessions();
  say(notice, 'Your password is changed, and every other device is signed out.');
});

// The browser may bring this page back as it was left; the session may be over by then.
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});

try {
  const [{ email }] = await Promise.all([call('GET', '/me'), listSessions()]);
  document.querySelector('#email').textContent = email;
  document.querySelector('#password-email').value = email;
} catch (error) {
  say(notice, error.message, 'error');
}

async function listSessions() {
  const { sessions } = await call('GET', '/auth/sessions');
  document.querySelector('#sessions').replaceChildren(...sessions.map(sessionItem));
  signOutOthers.hidden = sessions.length < 2;
}

function sessionItem(session) {
  const item = document.querySelector('#session').content.cloneNode(true);
  const { name, kind } = device(session.userAgent);
  item.querySelector('.device').dataset.kind = kind;
  item.querySelector('.name').textContent = name;
  item.querySelector('.badge').hidden = !session.current;
  item.querySelector('.ip').textContent = session.ip ?? 'unknown';
  showTime(item.querySelector('.seen'), session.lastSeenAt, ago(session.lastSeenAt));
  showTime(item.querySelector('.created'), session.createdAt, dateAndTime.format(session.createdAt));
  item.querySelector('.revoke .unseen').textContent = ` ${name}`;
  onPress(item.querySelector('.revoke'), () => revoke(session, name));
  return item;
}

async function revoke(session, name) {
  await call('DELETE', `/auth/sessions/${session.id}`);
  if (session.current) return leave();
  await listSessions();
  title.focus(); // the button is gone
  say(notice, `${name} is signed out.`);
}

function onPress(button, work) {
  button.addEventListener('click', () =>
    whileBusy(button, async () => {
      try {
        await work();
      } catch (error) {
        say(notice, error.message, 'error');
      }
    }),
  );
}

function showTime(element, at, text) {
  element.dateTime = new Date(at).toISOString();
  element.title = dateAndTime.format(at);
  element.textContent = text;
}

function ago(at) {
  const seconds = Math.max(0, Date.now() - at) / 1000;
  if (seconds < 60) return 'just now';
  if (seconds < 3600) return relative.format(-Math.floor(seconds / 60), 'minute');
  if (seconds < 86_400) return relative.format(-Math.floor(seconds / 3600), 'hour');
  return relative.format(-Math.floor(seconds / 86_400), 'day');
}
