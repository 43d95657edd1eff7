import { load, startServer, stop } from '../processes.mjs';
import { settings } from '../settings.mjs';
import { median, spread } from '../statistics.mjs';

const SERVERS = [
  { name: 'bare Express', file: 'bare' },
  { name: 'one SELECT and nothing else (the floor)', file: 'one-row' },
  { name: 'stepgate, cookie, SQLite', file: 'stepgate', args: ['cookie'] },
  { name: 'stepgate, bearer, SQLite', file: 'stepgate', args: ['bearer'] },
  { name: 'jsonwebtoken alone', file: 'jwt-only' },
  { name: 'jsonwebtoken + SQLite by hand', file: 'hand-written' },
  { name: 'express-session, better-sqlite3-session-store', file: 'express-session-sqlite' },
  { name: 'better-auth getSession, SQLite', file: 'better-auth' },
];

/** A guarded route of each server, in turns: what the machine does meanwhile falls on all of them alike. */
export async function measureRequests() {
  const servers = [];
  for (const { name, file, args = [] } of SERVERS) {
    servers.push({ name, rounds: [], ...(await startServer(file, ...args)) });
  }
  for (const server of servers) await load(server, { seconds: settings.seconds, round: 0 }); // warms it up
  for (let round = 1; round <= settings.rounds; round++) {
    for (const server of servers) server.rounds.push(await load(server, { seconds: settings.seconds, round }));
  }
  for (const server of servers) await stop(server);

  const [bare, floor, cookie, bearer, , byHand, expressSession, betterAuth] = servers;
  const failed = servers.flatMap(({ rounds }) => rounds.map((round) => round.failed)).reduce((a, b) => a + b, 0);
  if (failed > 0) throw new Error(`${failed} requests failed.`);
  return {
    title: 'Requests/s of a guarded route',
    columns: ['server', 'requests/s', 'spread', 'of bare', 'CPU µs/request', 'p99 ms'],
    lines: servers.map((server) => {
      const perSecond = server.rounds.map((round) => round.perSecond);
      return [
        server.name,
        median(perSecond).toFixed(0),
        `${(spread(perSecond) * 100).toFixed(0)} %`,
        ratio(server, bare).toFixed(2),
        median(server.rounds.map((round) => round.cpu)).toFixed(0),
        median(server.rounds.map((round) => round.p99)).toFixed(1),
      ];
    }),
    rows: [
      atLeast('`requireSession`, cookie, SQLite: of one SELECT and nothing else', ratio(cookie, floor), 0.9),
      atLeast('the same: of jsonwebtoken + SQLite by hand', ratio(cookie, byHand), 1),
      atLeast('the same: of better-auth `getSession`', ratio(cookie, betterAuth), 3.5),
      atLeast('the same: of express-session + SQLite', ratio(cookie, expressSession), 1.6),
      atLeast('`requireSession`, bearer, SQLite: of one SELECT and nothing else', ratio(bearer, floor), 0.8),
      atLeast('the same: of jsonwebtoken + SQLite by hand', ratio(bearer, byHand), 0.95),
    ],
  };
}

/** The median of the rounds' own ratios: neighbours in time are compared. */
function ratio(server, other) {
  return median(server.rounds.map(({ perSecond }, round) => perSecond / other.rounds[round].perSecond));
}

function atLeast(what, value, target) {
  return { what, target: `at least ${target.toFixed(2)}`, value: value.toFixed(2), met: value >= target };
}
