import { ReasonCode } from '@sluice/packet';
import type { Client } from '@sluice/plugin';
import { Deadline, type DeadlineOwner } from '../base/deadlines.ts';
import type { Limits } from '../base/limits.ts';
import type { Context, Publisher } from '../context/context.ts';
import type { HookRunners } from '../hooks/hooks.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Sink } from '../outbox/sink.ts';

/** The session, as those who publish to it and wait for it see it. */
interface SlowSession {
  readonly clientId: string;
  readonly outbox: Outbox;
  readonly sink: Sink | undefined;
  readonly limits: Limits;
  readonly hooks: HookRunners;
  readonly client: Client;
}

type Waiting = NonNullable<Publisher['sink']>;

// Not every stream tells that it has room again.
const reviewMs = 250;
// A publisher that goes on may take a millisecond.
const maxPerTurn = 16;

/** Whether more waits for a connected client than publishers may go on with; a part of it, to begin again. */
export function isBehind(
  { outbox, sink, limits }: Pick<SlowSession, 'outbox' | 'sink' | 'limits'>,
  part = 1,
): boolean {
  if (sink === undefined) return false;
  const { windowMessages, maxQueuedMessages, maxOutputBytes, maxQueuedBytes } = limits;
  return (
    outbox.waiting > part * Math.min(windowMessages, maxQueuedMessages / 2) ||
    outbox.bytes > part * Math.min(maxOutputBytes, maxQueuedBytes / 2)
  );
}

/** Publishers that are not read from until one receiver has caught up, with `slowReceiver: 'pause'`. */
export class WaitingPublishers implements DeadlineOwner {
  readonly #receiver: SlowSession;
  readonly #context: Context;
  readonly #waiting: Set<Waiting> = new Set();
  readonly #deadline: Deadline = new Deadline(this);
  /** When the receiver last made room. */
  #since = 0;
  #reviewing = false;
  #isOver = false;

  constructor(receiver: SlowSession, context: Context) {
    this.#receiver = receiver;
    this.#context = context;
  }

  /** One more waits. */
  add(publisher: Waiting): void {
    if (this.#waiting.has(publisher)) return;
    publisher.holdBack();
    this.#waiting.add(publisher);
    if (this.#waiting.size > 1) return;
    this.#since = this.#context.environment.monotonic();
    this.#arm();
  }

  /** The receiver took something. */
  review(): void {
    if (this.#waiting.size === 0 || this.#reviewing) return;
    this.#reviewing = true;
    // What they publish next must not be routed within what is going on now.
    this.#context.environment.defer(() => {
      this.#reviewing = false;
      this.#release();
    });
  }

  /** The receiver is gone. */
  end(): void {
    this.#isOver = true;
    this.review();
  }

  onDeadline(): void {
    this.#forgetGone();
    this.#release();
    const { sink, limits } = this.#receiver;
    if (this.#waiting.size === 0 || sink === undefined) return;
    const now = this.#context.environment.monotonic();
    // It waits itself, perhaps for one of those who wait for it, and its acknowledgements are not read.
    if (sink.isHeldBack) {
      this.#since = now;
      sink.sip();
    }
    if (now - this.#since >= limits.stalledTimeoutMs) this.#close(sink);
    else this.#arm();
  }

  /** In the order in which they came, and only as long as there is room: one of them may fill it again. */
  #release(): void {
    let count = Math.min(this.#waiting.size, maxPerTurn);
    for (const publisher of this.#waiting) {
      if (!this.#hasRoom) return;
      if (count-- === 0) {
        this.review();
        return;
      }
      this.#waiting.delete(publisher);
      this.#since = this.#context.environment.monotonic();
      publisher.letGo();
    }
    if (this.#waiting.size === 0) this.#context.deadlines.clear(this.#deadline);
  }

  /** Who is not there any more waits for nothing, and the receiver must not be closed for it. */
  #forgetGone(): void {
    for (const publisher of this.#waiting) {
      if (publisher.isGone) this.#waiting.delete(publisher);
    }
  }

  get #hasRoom(): boolean {
    const { sink } = this.#receiver;
    return this.#isOver || sink === undefined || (sink.writable && !isBehind(this.#receiver, 0.5));
  }

  #close(sink: Sink): void {
    const { hooks, client, clientId } = this.#receiver;
    const { connection } = client;
    hooks.limited?.({ limit: 'stalledTimeoutMs', action: 'closed', connection, clientId });
    sink.close(ReasonCode.quotaExceeded, 'others wait for the client for too long');
  }

  #arm(): void {
    const { deadlines, environment } = this.#context;
    deadlines.set(this.#deadline, environment.monotonic() + reviewMs);
  }
}
