import type { Durability } from './durability.ts';
import type { Message } from './message.ts';
import type {
  QueuedMessage,
  SessionRecord,
  Snapshot,
  SubscriptionRecord,
  WillRecord,
} from './records.ts';

/** A fact of MQTT that is to be durable. A backend lays facts out as suits it. */
export type Operation =
  /** The body of a message, once, before the `enqueue`s that refer to it in the same commit. */
  | { readonly type: 'store'; readonly message: Message }
  | {
      readonly type: 'enqueue';
      readonly session: number;
      readonly sequence: number;
      /** Number of a message stored in this commit or before. */
      readonly message: number;
      readonly qos: 1 | 2;
      readonly retain: boolean;
      readonly subscriptionIdentifiers: readonly number[];
      /** The `$share/name/filter` that chose this session; absent for a subscription of its own. */
      readonly sharedFilter?: string;
    }
  /**
   * The same message for many sessions: an `enqueue` for each `sessions[i]` at `sequences[i]`, in this order. Only a
   * persistence that says `takesEnqueueMany` gets it.
   */
  | {
      readonly type: 'enqueueMany';
      readonly sessions: readonly number[];
      readonly sequences: readonly number[];
      /** Number of a message stored in this commit or before. */
      readonly message: number;
      readonly qos: 1 | 2;
      readonly retain: boolean;
      readonly subscriptionIdentifiers: readonly number[];
    }
  /** PUBREC came: the entry stays, its body is no longer needed. */
  | {
      readonly type: 'release';
      readonly session: number;
      readonly sequence: number;
      readonly message: number;
    }
  /** The entry is done with. `message` is 0 when it was released before. */
  | {
      readonly type: 'dequeue';
      readonly session: number;
      readonly sequence: number;
      readonly message: number;
    }
  /** An inbound QoS 2 packet identifier is held, or free again. */
  | { readonly type: 'receive'; readonly session: number; readonly packetId: number }
  | { readonly type: 'complete'; readonly session: number; readonly packetId: number }
  | { readonly type: 'retain'; readonly message: Message }
  | { readonly type: 'clearRetained'; readonly topic: string }
  | { readonly type: 'saveSession'; readonly record: SessionRecord }
  /** Queue, subscriptions, received identifiers and will of the session are gone with it. */
  | { readonly type: 'endSession'; readonly session: number; readonly clientId: string }
  | { readonly type: 'subscribe'; readonly record: SubscriptionRecord }
  | { readonly type: 'unsubscribe'; readonly session: number; readonly requested: string }
  | { readonly type: 'saveWill'; readonly record: WillRecord }
  | { readonly type: 'removeWill'; readonly session: number };

export interface OpenOptions {
  /** Called now and then while a large store is read: what is read, and how many records so far. */
  readonly onProgress?: (what: string, records: number) => void;
}

/** Where durable state lives. Below it nothing knows MQTT, above it nothing knows storage. */
export interface Persistence {
  /** Called once, before anything else. */
  open(options?: OpenOptions): Promise<Snapshot>;

  /**
   * Makes all operations durable, or none. Called with at least one, and not again before the last call
   * settled. Returns nothing when it was done at once; a promise that settles when it is durable otherwise.
   *
   * `durability` is what these operations need at most; when it is absent, all that the backend gives.
   *
   * A commit that throws or rejects is called again, with the same list and after a while, until it succeeds or
   * the broker is closed. Nothing else is committed in between. A backend that cannot know whether a failed commit
   * took effect finds out then, so that nothing is done twice: this is how a disk that was full comes back.
   */
  commit(operations: readonly Operation[], durability?: Durability): void | Promise<void>;

  /** Whether `commit` knows `enqueueMany`. Where it is left out, the broker makes an `enqueue` of each place. */
  readonly takesEnqueueMany?: boolean;

  /** Bytes of the messages in queues that it keeps in memory; left out where they lie elsewhere. */
  readonly memoryBytes?: number | undefined;

  /**
   * The next at most `limit` committed entries of a session's queue with a sequence above `after`, in order. When
   * it throws or rejects, the client that the entries are for is disconnected.
   */
  readQueue(
    session: number,
    after: number,
    limit: number,
  ): readonly QueuedMessage[] | Promise<readonly QueuedMessage[]>;

  /** Called once, after the last commit settled. */
  close(): Promise<void>;
}

/** Operation types by name, for backends that switch over them. */
export type OperationType = Operation['type'];
