import { load, startServer, stop } from '../processes.mjs';
import { settings } from '../settings.mjs';
import { median, spread } from '../statistics.mjs';

const SERVERS = [
  { name: 'express-session alone, SQLite', guard: 'alone' },
  { name: 'and `requireSession` beside it', guard: 'session' },
  { name: 'and `requireFreshStepUp` beside it, met', guard: 'step-up' },
];

/** What a guard costs where the app keeps its sessions itself: the servers in turns, as for requests. */
export async function measureBeside() {
  const servers = [];
  for (const { name, guard } of SERVERS) {
    servers.push({ name, rounds: [], ...(await startServer('beside-express-session', guard)) });
  }
  for (const server of servers) await load(server, { seconds: settings.seconds, round: 0 });
  for (let round = 1; round <= settings.rounds; round++) {
    for (const server of servers) server.rounds.push(await load(server, { seconds: settings.seconds, round }));
  }
  for (const server of servers) await stop(server);
  const failed = servers.flatMap(({ rounds }) => rounds.map((round) => round.failed)).reduce((a, b) => a + b, 0);
  if (failed > 0) throw new Error(`${failed} requests failed.`);
  const [alone] = servers;
  return {
    title: 'Beside express-session: what a guard costs',
    columns: ['server', 'requests/s', 'spread', 'of express-session alone', 'CPU µs/request', 'p99 ms'],
    lines: servers.map(({ name, rounds }) => [
      name,
      median(rounds.map(({ perSecond }) => perSecond)).toFixed(0),
      `${(spread(rounds.map(({ perSecond }) => perSecond)) * 100).toFixed(0)} %`,
      median(rounds.map(({ perSecond }, round) => perSecond / alone.rounds[round].perSecond)).toFixed(2),
      median(rounds.map(({ cpu }) => cpu)).toFixed(0),
      median(rounds.map(({ p99 }) => p99)).toFixed(1),
    ]),
    rows: [],
  };
}
