import type { ProtocolVersion, Qos, UserProperties } from '@sluice/packet';

/** Place of a client in the script; its client id is `c` and this number. */
export type ClientNumber = number;

/** Properties of a message; only 5.0 sends them. */
export interface MessageProperties {
  readonly payloadFormatIndicator?: 0 | 1;
  /** Seconds; far above what a script takes. */
  readonly messageExpiryInterval?: number;
  readonly contentType?: string;
  readonly responseTopic?: string;
  readonly correlationData?: string;
  readonly userProperties?: UserProperties;
}

export interface ScriptMessage {
  readonly topic: string;
  /** Unique in the script, and begins with the publisher and the QoS; empty for an empty message. */
  readonly payload: string;
  readonly qos: Qos;
  readonly retain: boolean;
  readonly properties: MessageProperties;
  /** Sent with this topic alias, and without the topic name once the connection knows it. */
  readonly alias?: number;
}

export interface ScriptWill extends Omit<ScriptMessage, 'alias'> {
  /** Seconds: 0, or far above what a script takes. */
  readonly delay: number;
}

export interface ScriptSubscription {
  readonly filter: string;
  readonly qos: Qos;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: 0 | 1 | 2;
}

/**
 * Which acknowledgements a client keeps back until it is told to release them, or connects again: the
 * first one of a delivery (PUBACK, PUBREC) or the last one (PUBACK, PUBCOMP).
 */
export type Withheld = 'none' | 'first' | 'last';

export interface ConnectStep {
  readonly step: 'connect';
  readonly client: ClientNumber;
  readonly version: ProtocolVersion;
  readonly clean: boolean;
  /** Seconds: 0, or far above what a script takes. Stands for itself in 5.0 only. */
  readonly sessionExpiry: number;
  readonly receiveMaximum?: number;
  readonly topicAliasMaximum?: number;
  /** Bytes: more than a small message takes with all its properties, less than `largeBytes`. */
  readonly maximumPacketSize?: number;
  readonly withheld: Withheld;
  readonly will?: ScriptWill;
}

export interface SubscribeStep {
  readonly step: 'subscribe';
  readonly client: ClientNumber;
  readonly identifier?: number;
  readonly subscriptions: readonly ScriptSubscription[];
}

export interface UnsubscribeStep {
  readonly step: 'unsubscribe';
  readonly client: ClientNumber;
  readonly filters: readonly string[];
}

/** A burst: the packets leave in one write. */
export interface PublishStep {
  readonly step: 'publish';
  readonly client: ClientNumber;
  readonly messages: readonly ScriptMessage[];
}

/** Bursts of several clients at the same time. */
export interface TogetherStep {
  readonly step: 'together';
  readonly bursts: readonly Omit<PublishStep, 'step'>[];
}

/** A QoS 2 exchange that is cut in the middle, and goes on after the client has connected again. */
export interface InterruptStep {
  readonly step: 'interrupt';
  readonly client: ClientNumber;
  readonly message: ScriptMessage;
  /** Whether the client has seen the PUBREC when its connection is lost. */
  readonly seenPubrec: boolean;
  readonly resend: 'publish' | 'pubrel';
}

/** Sends the acknowledgements that were kept back, and keeps none back from here on. */
export interface ReleaseStep {
  readonly step: 'release';
  readonly client: ClientNumber;
}

export interface DisconnectStep {
  readonly step: 'disconnect';
  readonly client: ClientNumber;
  /** 0x04 asks for the will to be published. */
  readonly reasonCode: 0 | 4;
  readonly sessionExpiry?: number;
}

/** The connection is lost without a DISCONNECT. */
export interface CutStep {
  readonly step: 'cut';
  readonly client: ClientNumber;
}

export type Step =
  | ConnectStep
  | SubscribeStep
  | UnsubscribeStep
  | PublishStep
  | TogetherStep
  | InterruptStep
  | ReleaseStep
  | DisconnectStep
  | CutStep;

/**
 * How a client behaves through the whole script. A broker may send one copy for each of several
 * matching subscriptions (section 3.3.4), so that what fits a window is comparable only where no two
 * subscriptions of a session match the same topic.
 */
export type Habit = 'overlapping' | 'windowed';

export interface Script {
  readonly seed: number;
  readonly habits: readonly Habit[];
  readonly steps: readonly Step[];
}

/** What a large message has behind its name. */
export const largeBytes = 2_000;

/** Every topic that a script publishes to. */
export const topics: readonly string[] = [
  'a',
  'a/b',
  'a/b/c',
  'a/c',
  'b/b',
  'a/',
  '/a',
  'a//b',
  'ä/日本',
  '$x/a',
  '$x/a/b',
];

export const filters: readonly string[] = [
  ...topics,
  '#',
  '+',
  '+/+',
  'a/#',
  'a/+',
  '+/b',
  'a/+/c',
  '+/+/b',
  '/+',
  '+/#',
  '/#',
  '+/日本',
  'a/b/#',
  '$x/#',
  '$x/+',
  'c',
];

/** One step a line, without what says nothing. */
export function describeScript(script: Script): string {
  const lines = script.steps.map((step, index) => {
    const { step: kind, ...rest } = step;
    return `  ${index + 1}. ${kind} ${JSON.stringify(rest, withoutDefaults)}`;
  });
  return [`seed ${script.seed}, clients ${script.habits.join(', ')}`, ...lines].join('\n');
}

function withoutDefaults(key: string, value: unknown): unknown {
  if (key === 'withheld' && value === 'none') return undefined;
  if (key === 'properties' && Object.keys(value as object).length === 0) return undefined;
  if (typeof value === 'string')
    return value.replace(/x{9,}/, (filling) => `(${filling.length} x)`);
  return value === false ? undefined : value;
}
