import type { Duplex } from 'node:stream';
import type { ConnackPacket, ProtocolVersion, Qos } from '@sluice/packet';
import { Client } from './client.ts';
import { CaseFailure } from './failures.ts';
import { Transcript } from './transcript.ts';

/** What not every broker offers, or what a caller must configure. */
export type Capability =
  /** Shared subscriptions; announced in the CONNACK of 5.0. */
  | 'shared'
  | 'retain'
  | 'wildcards'
  | 'subscription-identifiers'
  | 'qos2'
  /** The broker takes topic aliases. */
  | 'topic-alias'
  /** The broker announced a Receive Maximum of at most 1,000. */
  | 'receive-maximum'
  /** The broker announced a Maximum Packet Size of at most 16 MiB. */
  | 'maximum-packet-size'
  /** The broker announced a Maximum QoS of 0 or 1. */
  | 'limited-qos'
  /** The broker announced that it retains no messages. */
  | 'no-retain'
  /** The broker announced that it takes no wildcards. */
  | 'no-wildcards'
  /** The broker announced that it has no shared subscriptions. */
  | 'no-shared'
  /** The broker announced that it takes no subscription identifiers. */
  | 'no-subscription-identifiers'
  /** The broker announced a Server Keep Alive, whatever the client asked for. */
  | 'server-keep-alive'
  /** Clients may say nothing for 3 seconds: no shorter Server Keep Alive is announced. */
  | 'silence'
  /** `authentication` is configured. */
  | 'enhanced-auth'
  /** `refusedUser` is configured. */
  | 'refused-user'
  /** `refusedTopic` is configured. */
  | 'refused-topic'
  /** `openWebSocket` is configured. */
  | 'websocket';

/** A broker under test, and what is known of its configuration. */
export interface Target {
  /** A new connection. */
  readonly open: () => Promise<Duplex>;
  /** A new connection to the WebSocket port, before the upgrade. */
  readonly openWebSocket?: () => Promise<Duplex>;
  /** Path of the upgrade request; `/` by default. */
  readonly webSocketPath?: string;
  /** Credentials of every client; none by default. */
  readonly userName?: string;
  readonly password?: string;
  /** A user name that the broker refuses, with whatever password. */
  readonly refusedUser?: string;
  /** A topic below which clients may neither publish nor subscribe. */
  readonly refusedTopic?: string;
  /** Credentials for SCRAM-SHA-256. */
  readonly authentication?: { readonly userName: string; readonly password: string };
  /** Topics begin with it; `sluice-conformance` by default. */
  readonly topicPrefix?: string;
  /** How long an answer may take, 2,000 ms by default. */
  readonly patienceMs?: number;
}

/** CONNACKs of the versions that a broker speaks. */
export type Connacks = ReadonlyMap<ProtocolVersion, ConnackPacket>;

/** What a broker turned out to offer. */
export interface Features {
  readonly connacks: Connacks;
  readonly capabilities: ReadonlySet<Capability>;
}

export const defaultPatienceMs = 2_000;

/** Seconds that a client may ask for: what the broker announced to 5.0 binds those of 3.x too, who are not told. */
export function keepAliveOf(connacks: Connacks): number {
  return connacks.get(5)?.properties.serverKeepAlive ?? 60;
}

/** The highest QoS that the broker takes. */
export function maximumQosOf(connacks: Connacks): Qos {
  return connacks.get(5)?.properties.maximumQos ?? 2;
}

/** Connects once in each version. Fails if the broker speaks none. */
export async function probe(target: Target): Promise<Features> {
  const connacks = new Map<ProtocolVersion, ConnackPacket>();
  let failure: unknown;
  for (const version of [5, 4, 3] as const) {
    try {
      connacks.set(version, await connackOf(target, version, keepAliveOf(connacks)));
    } catch (error) {
      failure = error;
    }
  }
  if (connacks.size === 0) {
    throw new Error('the broker accepted no client of any version', { cause: failure });
  }
  return { connacks, capabilities: capabilitiesOf(target, connacks.get(5)) };
}

async function connackOf(
  target: Target,
  version: ProtocolVersion,
  keepAlive: number,
): Promise<ConnackPacket> {
  const { userName, password, patienceMs = defaultPatienceMs } = target;
  const client = new Client(await target.open(), {
    version,
    clientId: `probe${version}${Math.trunc(performance.now())}`,
    label: 'probe',
    transcript: new Transcript(),
    patienceMs,
  });
  try {
    const connack = await client.connect({
      keepAlive,
      ...(userName !== undefined && { userName }),
      ...(password !== undefined && { password }),
    });
    if (connack.reasonCode !== 0) throw new CaseFailure(`CONNACK ${connack.reasonCode}`);
    await client.disconnect();
    return connack;
  } finally {
    client.drop();
  }
}

function capabilitiesOf(target: Target, connack: ConnackPacket | undefined): Set<Capability> {
  const {
    sharedSubscriptionAvailable,
    retainAvailable,
    wildcardSubscriptionAvailable,
    subscriptionIdentifierAvailable,
    maximumQos,
    topicAliasMaximum = 0,
    receiveMaximum = 65_535,
    maximumPacketSize = Number.POSITIVE_INFINITY,
    serverKeepAlive,
  } = connack?.properties ?? {};
  const offers: Readonly<Record<Capability, boolean>> = {
    shared: sharedSubscriptionAvailable !== 0,
    retain: retainAvailable !== 0,
    wildcards: wildcardSubscriptionAvailable !== 0,
    'subscription-identifiers': subscriptionIdentifierAvailable !== 0,
    qos2: maximumQos === undefined,
    'topic-alias': topicAliasMaximum > 0,
    'receive-maximum': receiveMaximum <= 1_000,
    'maximum-packet-size': maximumPacketSize <= 16 * 1024 * 1024,
    'limited-qos': maximumQos !== undefined,
    'no-retain': retainAvailable === 0,
    'no-wildcards': wildcardSubscriptionAvailable === 0,
    'no-shared': sharedSubscriptionAvailable === 0,
    'no-subscription-identifiers': subscriptionIdentifierAvailable === 0,
    'server-keep-alive': serverKeepAlive !== undefined,
    silence: serverKeepAlive === undefined || serverKeepAlive >= 2,
    'enhanced-auth': target.authentication !== undefined,
    'refused-user': target.refusedUser !== undefined,
    'refused-topic': target.refusedTopic !== undefined,
    websocket: target.openWebSocket !== undefined,
  };
  return new Set((Object.keys(offers) as Capability[]).filter((name) => offers[name]));
}
