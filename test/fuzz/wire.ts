import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';

export interface WireAnswer {
  /** 0 where the server closed the connection without an answer. */
  readonly status: number;
  readonly setCookies: readonly string[];
  readonly body: string;
}

const NO_ANSWER: WireAnswer = { status: 0, setCookies: [], body: '' };
const PATIENCE_MS = 20_000;

/** A connection that is kept alive, for whatever is framed as HTTP wants it. */
export class Wire {
  readonly #port: number;
  #socket: Socket | null = null;
  #received = '';
  #wake: () => void = () => {};

  constructor(port: number) {
    this.#port = port;
  }

  /** Sends a request that has to be answered, and waits for that. */
  async send(bytes: Buffer): Promise<WireAnswer> {
    const socket = this.#socket ?? this.#open();
    socket.write(bytes);
    for (;;) {
      const end = this.#received.indexOf('\r\n\r\n');
      const answer = end === -1 ? null : this.#take(end);
      if (answer !== null) return answer;
      if (this.#socket === null) return NO_ANSWER;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.#socket?.destroy();
  }

  #open(): Socket {
    const socket = connect(this.#port, '127.0.0.1').setNoDelay().setTimeout(PATIENCE_MS);
    socket.on('data', (chunk) => {
      this.#received += chunk.toString('latin1');
      this.#wake();
    });
    socket.on('timeout', () => socket.destroy());
    socket.on('error', () => {}); // 'close' follows
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = null;
      this.#wake();
    });
    this.#received = '';
    this.#socket = socket;
    return socket;
  }

  /** Takes one whole answer out of what was received, whose head ends there. */
  #take(end: number): WireAnswer | null {
    const head = this.#received.slice(0, end);
    const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
    const bodyAt = end + 4;
    if (this.#received.length < bodyAt + length) return null;
    const body = this.#received.slice(bodyAt, bodyAt + length);
    this.#received = this.#received.slice(bodyAt + length);
    if (/^connection: *close/im.test(head)) {
      this.#socket?.destroy();
      this.#socket = null;
    }
    return answerOf(head, body);
  }
}

function answerOf(head: string, body: string): WireAnswer {
  const setCookies = [...head.matchAll(/^set-cookie: *(.*)$/gim)].map(([, line = '']) => line);
  return { status: Number(head.slice(9, 12)), setCookies, body };
}

/** Sends what may be no HTTP at all on a connection of its own, and gives all statuses that came back. */
export async function sendOnce(port: number, bytes: Buffer, halfway: boolean): Promise<readonly number[]> {
  const socket = connect(port, '127.0.0.1').setTimeout(PATIENCE_MS);
  socket.on('timeout', () => socket.destroy(new Error('No answer came in time.')));
  try {
    socket.write(bytes);
    if (halfway) socket.end();
    const answer = await text(socket);
    return [...answer.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status));
  } catch (error) {
    // The server has hung up on the rest. A socket's error has a code.
    if (['ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
