// Another process of the app of docs/sockets.md: it ends one session, and itself.
import { stepgate } from '../../../lib/stepgate.js';
import { sqliteStore } from '../../../lib/stores/sqlite/index.js';

const [secret, issuer = '', path = '', sessionId = ''] = process.argv.slice(2);
const auth = stepgate({ secret, issuer, store: sqliteStore(path) });
const ended = await auth.sessions.revoke(sessionId);
await auth.close();
process.exitCode = ended ? 0 : 1;
