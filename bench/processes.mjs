import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LOAD_CORE, newFolder, SERVER_CORE, settings } from './settings.mjs';

const here = import.meta.dirname ?? new URL('.', import.meta.url).pathname;
const run = promisify(execFile);

/** Starts a program of this folder on its own core; it may send messages. */
export function fork(core, file, ...args) {
  return spawn('taskset', ['-c', core, process.execPath, join(here, file), ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, SESSIONS: String(settings.sessions) },
  });
}

/** Makes a server's sessions in one process, and starts it in the next. */
export async function startServer(file, ...args) {
  const folder = newFolder(file);
  const path = `servers/${file}.mjs`;
  const [code] = await once(fork(LOAD_CORE, path, folder, ...args), 'exit');
  if (code !== 0) throw new Error(`${path} made no sessions.`);
  const child = fork(SERVER_CORE, path, folder, ...args);
  const [{ port }] = await once(child, 'message');
  return { child, port, folder, headers: join(folder, 'headers.txt') };
}

export async function stop({ child }) {
  const exited = once(child, 'exit');
  child.kill();
  await exited;
}

/** Asks a server for that many seconds, and gives what wrk counted with the server's CPU time of each request. */
export async function load(server, { seconds, round }) {
  const { pid } = server.child;
  const before = cpuTime(pid);
  const { stdout } = await run('taskset', [
    ...['-c', LOAD_CORE, 'wrk', '-t1', `-c${settings.connections}`, `-d${seconds}s`, '--latency'],
    ...[
      '-s',
      join(here, 'random-session.lua'),
      `http://127.0.0.1:${server.port}/`,
      '--',
      server.headers,
      String(round),
    ],
  ]);
  const requests = Number(/(\d+) requests in/.exec(stdout)[1]);
  return {
    requests,
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)[1]),
    p99: milliseconds(/^ +99% +(\S+)/m.exec(stdout)[1]),
    // Of a status that is not 2xx or 3xx, and of the socket.
    failed:
      sum(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)) + sum(/connect (\d+), read (\d+), write (\d+)/.exec(stdout)),
    cpu: (cpuTime(pid) - before) / requests,
  };
}

function sum(match) {
  return (match ?? []).slice(1).reduce((total, number) => total + Number(number), 0);
}

function milliseconds(text) {
  const [, number, unit] = /^([\d.]+)(us|ms|s|m)$/.exec(text);
  return Number(number) * { us: 0.001, ms: 1, s: 1_000, m: 60_000 }[unit];
}

/** In microseconds, of all threads. */
function cpuTime(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}
