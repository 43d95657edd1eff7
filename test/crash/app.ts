import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Proof, Session, StepgateOptions } from '../../lib/index.js';
import type { RequestOptionsJSON } from '../../lib/testing/index.js';
import type { ActionChallengeJson } from '../../lib/wire.js';

/** Nobody knows whether it was done: no answer came, or one that says that the store failed. */
export class Unanswered extends Error {}

/** What the routes answer, all in one. */
export interface AnswerBody {
  readonly session_id?: string;
  readonly access_token?: string;
  readonly refresh_token?: string;
  readonly code?: string;
  readonly reason?: string;
  readonly session?: Session;
  readonly proofs?: readonly Proof[];
  readonly challengeId?: string;
  readonly options?: object;
  readonly challenge?: ActionChallengeJson & {
    readonly methods: { readonly passkey?: { readonly options: RequestOptionsJSON } };
  };
  readonly verifiedAt?: number;
}

export interface Answer {
  readonly status: number;
  readonly setCookies: readonly string[];
  readonly body: AnswerBody;
}

export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
}

export interface RunningApp {
  send(sent: Sent): Promise<Answer>;
  /** Puts a question to the process. */
  ask(question: string | object): Promise<unknown>;
  kill(): Promise<void>;
}

export interface StartOptions {
  readonly options?: Partial<StepgateOptions>;
  readonly execArgv?: readonly string[];
}

/** Starts the app in a process of its own and waits until it listens. */
export async function startApp(file: string, { options = {}, execArgv = [] }: StartOptions = {}): Promise<RunningApp> {
  const script = new URL('./children/app.js', import.meta.url);
  const child = fork(script, [file, JSON.stringify(options)], { execArgv: [...process.execArgv, ...execArgv] });
  const died = once(child, 'exit').then(() => {
    throw new Error('The app has ended by itself.');
  });
  died.catch(() => {}); // it is killed later on
  const message = async (): Promise<unknown> => (await Promise.race([once(child, 'message'), died]))[0];
  const { port } = (await message()) as { port: number }; // where it listens
  const agent = new Agent({ keepAlive: true });
  return {
    send: (sent) => send(agent, port, sent),
    ask(question) {
      const answer = message();
      child.send(question);
      return answer;
    },
    async kill() {
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
      agent.destroy();
    },
  };
}

async function send(agent: Agent, port: number, { method, path, headers = {}, body }: Sent): Promise<Answer> {
  const json = body === undefined ? '' : JSON.stringify(body);
  const about =
    body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(json) };
  const all = { 'Sec-Fetch-Site': 'same-origin', ...about, ...headers };
  const sent = request({ agent, port, host: '127.0.0.1', method, path, headers: all });
  let response: IncomingMessage;
  let answer: string;
  try {
    sent.end(json);
    [response] = await once(sent, 'response');
    answer = await text(response);
  } catch (error) {
    throw new Unanswered(`${method} ${path}`, { cause: error });
  }
  const { statusCode: status = 0 } = response;
  const read = (answer === '' ? {} : JSON.parse(answer)) as AnswerBody; // all routes answer JSON
  if (status === 500 && read.code === 'store_unavailable') throw new Unanswered(`${method} ${path}: ${answer}`);
  return { status, setCookies: response.headers['set-cookie'] ?? [], body: read };
}
