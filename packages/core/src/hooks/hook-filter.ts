import { filterCovers, isValidTopicFilter, parseSharedFilter, topicMatches } from '@sluice/packet';
import type { HookFilter, HookName, Hooks, SubscribedEvent } from '@sluice/plugin';
import { filtersOverlap } from './topic-overlap.ts';

type Opinion = Awaited<ReturnType<Hooks['authorizeSubscribe']>>;

type EventOf<Name extends HookName> = Parameters<Hooks[Name]>[0];

/** Whether an event is what a hook was registered for. */
export type Concerns = (event: unknown) => boolean;

/** Client identifiers that an event is about: undefined where it is about none. */
type ClientOf = (event: never) => string | undefined;

const ofClient: ClientOf = (event: { client: { clientId: string } | undefined }) =>
  event.client?.clientId;
const ofClientId: ClientOf = (event: { clientId: string | undefined }) => event.clientId;

const clients: ReadonlyMap<HookName, ClientOf> = new Map<HookName, ClientOf>([
  ['connect', ({ packet }: EventOf<'connect'>) => packet.clientId],
  ...names('authenticate', 'exchange', 'dropped', 'expired', 'limited', 'policyChanged').map(
    (name) => [name, ofClientId] as const,
  ),
  ...names(
    'session',
    'connack',
    'connected',
    'takenOver',
    'resumed',
    'disconnect',
    'disconnected',
    'ended',
    'publish',
    'authorizePublish',
    'retain',
    'route',
    'enqueue',
    'overflow',
    'published',
    'authorizeDeliver',
    'deliver',
    'delivered',
    'acknowledged',
    'refused',
    'will',
    'subscribe',
    'authorizeSubscribe',
    'subscribed',
    'unsubscribe',
    'unsubscribed',
    'packetReceived',
    'packetSent',
  ).map((name) => [name, ofClient] as const),
]);

/** Hooks that are about one message. */
export const messageHooks: ReadonlySet<HookName> = new Set<HookName>([
  'publish',
  'authorizePublish',
  'retain',
  'route',
  'selectShared',
  'enqueue',
  'overflow',
  'published',
  'authorizeDeliver',
  'deliver',
  'delivered',
  'acknowledged',
  'refused',
  'dropped',
  'expired',
  'will',
]);

const ofSubscription = ({ subscription }: SubscribedEvent): readonly string[] => [
  subscription.filter,
];

/** Topic filters that an event is about. */
const subscriptions: ReadonlyMap<HookName, (event: never) => readonly string[]> = new Map<
  HookName,
  (event: never) => readonly string[]
>([
  ['subscribe', ({ subscriptions: all }: EventOf<'subscribe'>) => all.map(({ filter }) => filter)],
  ['authorizeSubscribe', ofSubscription],
  ['subscribed', ofSubscription],
  ['unsubscribe', ({ filters }: EventOf<'unsubscribe'>) => filters],
  ['unsubscribed', ({ filter }: EventOf<'unsubscribed'>) => [filter]],
]);

/** What is wrong with the filter of a hook; undefined when nothing is. */
export function faultInFilter(name: HookName, filter: HookFilter): string | undefined {
  if (typeof filter !== 'object' || filter === null) return 'has a filter that is no object';
  const { topic, clientIdPrefix, ...others } = filter;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    return `has a filter with ${unknown}, but there are only topic and clientIdPrefix`;
  }
  if (topic !== undefined) {
    if (!messageHooks.has(name) && !subscriptions.has(name)) {
      return 'has a filter by topic, but is called for no message and no subscription';
    }
    if (typeof topic !== 'string' || !isValidTopicFilter(topic)) {
      return 'has a filter by topic that is no valid topic filter';
    }
    if (parseSharedFilter(topic) !== undefined) {
      return 'has a filter by topic with $share: leave out what comes before the filter of the group';
    }
  }
  if (clientIdPrefix !== undefined) {
    if (!clients.has(name)) return 'has a filter by client identifier, but is called for no client';
    if (typeof clientIdPrefix !== 'string' || clientIdPrefix === '') {
      return 'has a filter by client identifier that is no string, or an empty one';
    }
  }
  return undefined;
}

/** Makes a filter into a question; undefined where it lets everything pass. */
export function concernsOf(
  name: HookName,
  { topic, clientIdPrefix }: HookFilter,
): Concerns | undefined {
  const aboutTopic = topic === undefined ? undefined : concernsTopic(name, topic);
  const aboutClient =
    clientIdPrefix === undefined ? undefined : concernsClient(name, clientIdPrefix);
  if (aboutTopic === undefined || aboutClient === undefined) return aboutTopic ?? aboutClient;
  return (event) => aboutClient(event) && aboutTopic(event);
}

/**
 * A hook `authorizeSubscribe` with a filter by topic. It is asked about every subscription that reaches into the filter,
 * so that it can deny; where a subscription reaches out of it, what it allows is no opinion.
 */
export function allowingWithin(
  topic: string,
  hook: Hooks['authorizeSubscribe'],
): Hooks['authorizeSubscribe'] {
  return (event) => {
    const answer = hook(event);
    if (filterCovers(topic, plain(event.subscription.filter))) return answer;
    return answer instanceof Promise ? answer.then(unlessAllowed) : unlessAllowed(answer);
  };
}

function unlessAllowed(answer: Opinion): Opinion {
  return typeof answer === 'object' && answer?.allowed === true ? undefined : answer;
}

function concernsTopic(name: HookName, filter: string): Concerns {
  if (messageHooks.has(name)) {
    const matches = topicTest(filter);
    return (event) => {
      const { message } = event as { readonly message?: { readonly topic: string } };
      return message !== undefined && matches(message.topic);
    };
  }
  const filtersOf = subscriptions.get(name) as (event: unknown) => readonly string[];
  return (event) => filtersOf(event).some((other) => filtersOverlap(filter, plain(other)));
}

function concernsClient(name: HookName, prefix: string): Concerns {
  const clientOf = clients.get(name) as (event: unknown) => string | undefined;
  // Rights of anybody are also those of the clients that it is about.
  const ofNobody = name === 'policyChanged';
  return (event) => clientOf(event)?.startsWith(prefix) ?? ofNobody;
}

/** The common forms of a filter need no look at each level: it is asked once per message. */
function topicTest(filter: string): (topic: string) => boolean {
  const wildcard = filter.search(/[+#]/);
  if (wildcard < 0) return (topic) => topic === filter;
  if (wildcard !== filter.length - 1 || !filter.endsWith('/#')) {
    return (topic) => topicMatches(filter, topic);
  }
  const parent = filter.slice(0, -2);
  const prefix = filter.slice(0, -1);
  return (topic) => topic.startsWith(prefix) || topic === parent;
}

function plain(filter: string): string {
  return parseSharedFilter(filter)?.filter ?? filter;
}

function names<Name extends HookName>(...all: Name[]): Name[] {
  return all;
}
