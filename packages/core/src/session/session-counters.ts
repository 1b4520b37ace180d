import type { DropReason, SessionTraffic } from '@sluice/plugin';
import { increase } from '../base/stats.ts';

/** What one connection has carried so far. */
export interface TrafficSource {
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly messagesReceived: number;
  readonly messagesSent: number;
}

type Drops = Map<DropReason, number>;

const noDrops: ReadonlyMap<DropReason, number> = new Map();

/** What the connections of one session carried, and what of its messages was dropped. */
export class SessionCounters {
  #earlier: TrafficSource | undefined;
  #current: TrafficSource | undefined;
  #dropped: Drops | undefined;
  #droppedOwn: Drops | undefined;

  /** From now on this connection counts, too. */
  connected(current: TrafficSource): void {
    this.#current = current;
  }

  /** A connection ended, with this total, which is returned; another one may have taken the session over by then. */
  disconnected<Total extends TrafficSource>(connection: TrafficSource, total: Total): Total {
    if (this.#current === connection) this.#current = undefined;
    this.#earlier = this.#earlier === undefined ? total : sum(this.#earlier, total);
    return total;
  }

  /** A message did not reach the client. */
  drop(reason: DropReason): void {
    this.#dropped ??= new Map();
    increase(this.#dropped, reason);
  }

  /** A message of the client went no further. */
  dropOwn(reason: DropReason): void {
    this.#droppedOwn ??= new Map();
    increase(this.#droppedOwn, reason);
  }

  /** As it is at this moment. */
  describe(): SessionTraffic {
    return {
      ...sum(this.#earlier, this.#current),
      dropped: copy(this.#dropped),
      droppedOwn: copy(this.#droppedOwn),
    };
  }
}

/** Of a session that nothing was counted for. */
export const noTraffic: SessionTraffic = Object.freeze(new SessionCounters().describe());

function sum(one: TrafficSource | undefined, other: TrafficSource | undefined): TrafficSource {
  return {
    bytesReceived: (one?.bytesReceived ?? 0) + (other?.bytesReceived ?? 0),
    bytesSent: (one?.bytesSent ?? 0) + (other?.bytesSent ?? 0),
    messagesReceived: (one?.messagesReceived ?? 0) + (other?.messagesReceived ?? 0),
    messagesSent: (one?.messagesSent ?? 0) + (other?.messagesSent ?? 0),
  };
}

function copy(drops: Drops | undefined): ReadonlyMap<DropReason, number> {
  return drops === undefined ? noDrops : new Map(drops);
}
