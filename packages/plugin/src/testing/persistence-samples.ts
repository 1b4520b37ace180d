import type { Message } from '../message.ts';
import type { Operation } from '../persistence.ts';
import type { SessionRecord, SubscriptionRecord, WillRecord } from '../records.ts';

/** Client ids and topics that a careless key scheme confuses: with its separators, its numbers, its own prefixes. */
export const awkwardTexts: readonly string[] = [
  '',
  'a',
  'a/b',
  'a/',
  'a!',
  'a:b',
  'a\u0000',
  'a\u0000b',
  '\u0000meta',
  '\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0001a',
  's',
  'sa',
  'q',
  'session!1',
  '1',
  '01',
  '~',
  '\uffff',
  'a\uffff',
  '\uffff\uffff',
  '\u{10ffff}',
  'żółw/🐢',
  '__proto__',
  'constructor',
  'x'.repeat(300),
];

const plainMessage: Message = {
  number: 1,
  topic: 'home/hall/light',
  payload: Uint8Array.of(1, 2, 3),
  qos: 1,
  retain: false,
  properties: {},
  publisherId: 'publisher',
  receivedAt: 1_700_000_000_000,
  expiresAt: Number.POSITIVE_INFINITY,
};

export function sampleMessage(changes: Partial<Message> = {}): Message {
  return { ...plainMessage, ...changes };
}

/** Messages that differ from a plain one in each field, one number each from `first` on. */
export function sampleMessages(first = 1): Message[] {
  const every = Uint8Array.from({ length: 256 }, (_, i) => i);
  const changes: Partial<Message>[] = [
    {},
    { payload: new Uint8Array(0) },
    { payload: every },
    { payload: new Uint8Array(300_000).fill(7) },
    { qos: 0 },
    { qos: 2, retain: true },
    { publisherId: '' },
    { publisherId: 'żółw\uffff' },
    { receivedAt: 0, expiresAt: 0 },
    { receivedAt: 1_700_000_000_000.5, expiresAt: 1_700_000_060_000.25 },
    { properties: { payloadFormatIndicator: 0 } },
    { properties: { payloadFormatIndicator: 1, messageExpiryInterval: 0 } },
    { properties: { messageExpiryInterval: 0xffff_ffff } },
    { properties: { contentType: '', responseTopic: 'answer/ü' } },
    { properties: { correlationData: every } },
    { properties: { correlationData: new Uint8Array(0) } },
    { properties: { userProperties: [] } },
    {
      properties: {
        payloadFormatIndicator: 1,
        messageExpiryInterval: 60,
        contentType: 'text/plain; charset=ü',
        responseTopic: 'answer',
        correlationData: Uint8Array.of(0, 255, 0),
        userProperties: [
          ['b', '2'],
          ['a', '1'],
          ['b', '2'],
          ['b', ''],
          ['', '🐢'],
          ['__proto__', 'x'],
        ],
      },
    },
  ];
  return changes.map((change, i) =>
    sampleMessage({ number: first + i, topic: `sample/${i}`, ...change }),
  );
}

export function sampleSession(
  session: number,
  changes: Partial<SessionRecord> = {},
): SessionRecord {
  return {
    session,
    clientId: `client-${session}`,
    identity: '',
    expiryInterval: 3600,
    disconnectedAt: undefined,
    sentBefore: 0,
    ...changes,
  };
}

export function sampleSubscription(
  session: number,
  requested: string,
  changes: Partial<SubscriptionRecord> = {},
): SubscriptionRecord {
  return {
    session,
    requested,
    filter: requested,
    qos: 1,
    noLocal: false,
    retainAsPublished: false,
    retainHandling: 0,
    subscriptionIdentifier: 0,
    ...changes,
  };
}

export function sampleWill(session: number, changes: Partial<WillRecord> = {}): WillRecord {
  return {
    session,
    clientId: `client-${session}`,
    topic: 'will',
    payload: Uint8Array.of(9),
    qos: 1,
    retain: false,
    properties: {},
    delayInterval: 0,
    dueAt: undefined,
    ...changes,
  };
}

export function saveSession(session: number, changes: Partial<SessionRecord> = {}): Operation {
  return { type: 'saveSession', record: sampleSession(session, changes) };
}

type Enqueue = Extract<Operation, { type: 'enqueue' }>;

export function enqueue(
  session: number,
  sequence: number,
  message: number,
  changes: Partial<Enqueue> = {},
): Enqueue {
  return {
    type: 'enqueue',
    session,
    sequence,
    message,
    qos: 1,
    retain: false,
    subscriptionIdentifiers: [],
    ...changes,
  };
}

/** A message and its place in one session's queue. */
export function storeAndEnqueue(
  session: number,
  sequence: number,
  number: number,
  changes: Partial<Message> = {},
): Operation[] {
  return [
    { type: 'store', message: sampleMessage({ number, ...changes }) },
    enqueue(session, sequence, number),
  ];
}
