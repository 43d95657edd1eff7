import type { CurrentSessionJson } from '../wire.js';

export interface ClientEvents {
  /** There is no session any more: it ended here, in another tab or elsewhere. Told once, until somebody signs in. */
  readonly 'signed-out': () => void;
  /** The browser is signed in to another session than this page: what it shows is another user's, or old. */
  readonly 'session-changed': () => void;
  /** What `snapshot` gives has changed. */
  readonly change: () => void;
}

/** What a page knows of its session, and what the tabs of a browser tell each other about it. */
export interface PageSession {
  /** The public id that the page's requests are for; null as long as none is known. */
  pinned(): string | null;
  snapshot(): CurrentSessionJson | null | undefined;
  /** The page is signed in to this session. */
  pin(id: string, known?: CurrentSessionJson): void;
  /** `tell`: only what the user wants, or stumbles upon, is an event; a page that looks who is there asks for none. */
  end(tell: boolean): void;
  emit(type: keyof ClientEvents): void;
  on<Type extends keyof ClientEvents>(type: Type, listener: ClientEvents[Type]): () => void;
}

/** The public ids of the session that a tab had, and of the one that it has by now; null for none. */
type Message = readonly [was: string | null, is: string | null];

/**
 * `channel`: a name that the tabs of one app share. `isShared`: whether they share the session too, as they do where it
 * travels in cookies.
 */
export function createPageSession(channel: string, given: string | null, isShared: boolean): PageSession {
  const events = new EventTarget();
  let id = given;
  let known: CurrentSessionJson | null | undefined;
  let told = false;
  const tabs = new BroadcastChannel(channel);
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- shorter, and nobody else listens here
  tabs.onmessage = ({ data: [was, is] }: MessageEvent<Message>): void => {
    if (is === null) {
      if (was === id) end(true);
    } else if (isShared && is !== id) {
      emit('session-changed');
    }
  };

  function emit(type: keyof ClientEvents): void {
    events.dispatchEvent(new Event(type));
  }

  function become(next: string | null, now: CurrentSessionJson | null | undefined): void {
    if (next !== id) tabs.postMessage([id, next] satisfies Message);
    if (next) told = false;
    id = next;
    known = now;
    emit('change');
  }

  function end(tell: boolean): void {
    become(null, null);
    if (tell && !told) {
      told = true;
      emit('signed-out');
    }
  }

  return {
    pinned: () => id,
    snapshot: () => known,
    pin: become,
    end,
    emit,
    on(type, listener) {
      const call = (): void => listener(); // each time its own: who listens twice hears it twice
      events.addEventListener(type, call);
      return () => events.removeEventListener(type, call);
    },
  };
}
