// stepgate's client, one for a page: it renews the session, asks for what has to be confirmed, and sends once more.
import { createClient } from '/vendor/stepgate/browser.js';
import { stepUpDialog } from '/vendor/stepgate/dialog.js';
import { watchRequests } from './under-the-hood.js';

watchRequests();

export const client = createClient({
  confirm: stepUpDialog({ userName: () => document.querySelector('#email')?.textContent ?? '' }),
});

// Somebody else is signed in in this browser by now: what this page shows isn't theirs.
client.on('session-changed', () => location.replace('?changed'));
