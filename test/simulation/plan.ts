import type { Limits } from '@sluice/core';
import type { ProtocolVersion, Qos } from '@sluice/packet';
import type { OverflowAction } from '@sluice/plugin';

/** Number of a client; `application` for the process that the broker is embedded in. */
export type ClientNumber = number;
export const application: ClientNumber = -1;

/** What a plug-in does with a message, a subscription or a CONNECT. */
export const hookFates = ['late', 'deny', 'throw', 'reject', 'never'] as const;
export type HookFate = (typeof hookFates)[number];

/** Durability that a plug-in may ask for, lower than that of the store. */
export const lowerDurabilities = ['write', 'none'] as const;
export type LowerDurability = (typeof lowerDurabilities)[number];

/** How a client lives: the same from the first moment to the last. */
export interface ClientPlan {
  readonly version: ProtocolVersion;
  /** Seconds that its session outlives a connection; 0 for a clean session each time. */
  readonly expirySeconds: number;
  readonly keepAliveSeconds: number;
  readonly receiveMaximum: number | undefined;
  readonly maximumPacketSize: number | undefined;
  readonly topicAliasMaximum: number;
  /** Longest time that it thinks about an acknowledgement. */
  readonly ackDelayMs: number;
  /** Longest time until it is back after its connection was lost. */
  readonly returnsWithinMs: number;
  /** Name of the share group that it may join. */
  readonly group: string | undefined;
  readonly will: WillPlan | undefined;
}

export interface WillPlan {
  readonly topic: string;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly delaySeconds: number;
  /** A hook that is asked about it takes its time, at CONNECT and when it is due. */
  readonly hook: 'late' | undefined;
}

export interface MessagePlan {
  readonly topic: string;
  readonly qos: Qos;
  readonly retain: boolean;
  /** Clears what is retained: no payload. */
  readonly isClear: boolean;
  readonly expirySeconds: number | undefined;
  /** Bytes beyond its name. */
  readonly padding: number;
  readonly hook: HookFate | undefined;
  /** What a hook makes of its durability. */
  readonly durability: LowerDurability | undefined;
  readonly usesAlias: boolean;
}

export interface SubscriptionPlan {
  readonly filter: string;
  readonly qos: Qos;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: 0 | 1 | 2;
}

export const cutKinds = ['reset', 'end', 'half-open'] as const;
export type CutKind = (typeof cutKinds)[number];

/** What happens to a client, or what it does by itself. */
export type ClientStep =
  | { readonly do: 'publish'; readonly messages: readonly MessagePlan[] }
  | {
      readonly do: 'subscribe';
      readonly subscriptions: readonly SubscriptionPlan[];
      readonly identifier: number | undefined;
      readonly hook: HookFate | undefined;
    }
  | { readonly do: 'unsubscribe'; readonly filters: readonly string[] }
  | { readonly do: 'cut'; readonly kind: CutKind }
  /** DISCONNECT, with or without the will. */
  | { readonly do: 'leave'; readonly awayMs: number; readonly keepsWill: boolean }
  /** Connects again while the old connection is open. */
  | { readonly do: 'take over'; readonly hook: HookFate | undefined }
  /** Connects again and wants a new session. */
  | { readonly do: 'start clean' }
  | { readonly do: 'hold acknowledgements'; readonly forMs: number }
  | { readonly do: 'stop reading'; readonly forMs: number }
  /** Sends no PINGREQ. */
  | { readonly do: 'fall silent'; readonly forMs: number }
  | { readonly do: 'be kicked' };

export const rogueKinds = [
  'garbage',
  'half a connect',
  'no connect',
  'second connect',
  'bad flags',
  'oversized',
  'wrong acknowledgements',
  'reused packet ids',
  'stolen client id',
  'bad alias',
  'bad filter',
] as const;
export type RogueKind = (typeof rogueKinds)[number];

/** What happens to all of them. */
export type WorldStep =
  | { readonly do: 'crash'; readonly downMs: number }
  | { readonly do: 'restart'; readonly downMs: number }
  | { readonly do: 'jump'; readonly byMs: number }
  | { readonly do: 'stall the disk'; readonly forMs: number }
  | { readonly do: 'fail the disk'; readonly forMs: number }
  | { readonly do: 'rogue'; readonly kind: RogueKind; readonly version: ProtocolVersion }
  | { readonly do: 'listen'; readonly filter: string; readonly forMs: number };

export type Step = {
  /** Virtual milliseconds since the beginning. */
  readonly at: number;
  /** Names the step: what it throws dice for does not depend on the others. */
  readonly id: number;
} & (({ readonly client: ClientNumber } & ClientStep) | ({ readonly client?: never } & WorldStep));

/** A history before it happens: a pure function of its seed, and what is left of it when it is shrunk. */
export interface Plan {
  readonly seed: number;
  /** When the faults end. */
  readonly endsAt: number;
  readonly limits: Partial<Limits>;
  readonly slowReceiver: 'drop' | 'pause';
  readonly queueOverflow: OverflowAction;
  readonly hasSynchronousDisk: boolean;
  readonly hasHooks: boolean;
  readonly clients: readonly ClientPlan[];
  /** Which client never gets which topic. */
  readonly denials: readonly { readonly client: ClientNumber; readonly topic: string }[];
  /** A plug-in changes the payload of what is published to a topic, and of what is delivered to a client. */
  readonly rewrites: { readonly topic?: string; readonly client?: ClientNumber };
  readonly steps: readonly Step[];
}
