import { parseSharedFilter, topicMatches } from '@sluice/packet';
import {
  type ClientNumber,
  type ConnectStep,
  type Habit,
  type InterruptStep,
  type ScriptMessage,
  type ScriptSubscription,
  type Step,
  type SubscribeStep,
  topics,
} from './script.ts';

type Options = Pick<ScriptSubscription, 'noLocal' | 'retainAsPublished'>;

const noOptions: Options = { noLocal: false, retainAsPublished: false };

interface ClientState {
  /** What the session is subscribed to, with the options that its version has. */
  readonly filters: Map<string, Options>;
  /** Undefined while it is not connected. */
  connection: ConnectStep | undefined;
  /** The last one, whose session may still be there. */
  previous: ConnectStep | undefined;
}

/** Knows where the clients of a script stand, and lets through only what is legal there. */
export class ScriptRules {
  readonly #habits: readonly Habit[];
  readonly #clients: readonly ClientState[];

  constructor(habits: readonly Habit[]) {
    this.#habits = habits;
    this.#clients = habits.map(() => ({
      filters: new Map(),
      connection: undefined,
      previous: undefined,
    }));
  }

  isConnected(client: ClientNumber): boolean {
    return this.#client(client).connection !== undefined;
  }

  filtersOf(client: ClientNumber): readonly string[] {
    return [...this.#client(client).filters.keys()];
  }

  /** The steps without what is not legal where it stands. */
  static legal(habits: readonly Habit[], steps: readonly Step[]): Step[] {
    const rules = new ScriptRules(habits);
    return steps.flatMap((step) => rules.admit(step) ?? []);
  }

  /** The legal part of a step, which then counts as done; undefined where nothing of it is legal. */
  admit(step: Step): Step | undefined {
    if (step.step === 'together') {
      // What is retained, and what fits a window, would depend on who comes first.
      if (this.#habits.includes('windowed')) return undefined;
      const bursts = step.bursts.filter(({ client }) => this.isConnected(client));
      const plain = bursts.map(({ client, messages }) => ({
        client,
        messages: messages.filter(({ retain }) => !retain),
      }));
      const rest = plain.filter(({ messages }) => messages.length > 0);
      return rest.length < 2 ? undefined : { ...step, bursts: rest };
    }
    if (step.step === 'connect') return this.#connect(step);
    const { connection } = this.#client(step.client);
    if (connection === undefined) return undefined;
    switch (step.step) {
      case 'subscribe':
        return this.#subscribe(step, connection);
      case 'unsubscribe':
        for (const filter of step.filters) this.#client(step.client).filters.delete(filter);
        return step;
      case 'interrupt':
        return this.#interrupt(step, connection);
      case 'disconnect': {
        const { sessionExpiry, ...plain } = step;
        const isFixed =
          connection.version < 5 ||
          // Section 3.14.2.2.2: an expiry of 0 cannot be raised.
          connection.sessionExpiry === 0 ||
          // Avoids `Delayed will of a session that ends`.
          (connection.will !== undefined && connection.will.delay > 0);
        this.#end(step.client, isFixed ? undefined : sessionExpiry);
        if (connection.version < 5) return { ...plain, reasonCode: 0 };
        return isFixed ? plain : step;
      }
      case 'cut':
        this.#end(step.client, undefined);
        return step;
      case 'publish':
        return { ...step, messages: this.#burst(step.messages) };
      case 'release':
        return step;
    }
  }

  #connect(step: ConnectStep): Step | undefined {
    const client = this.#client(step.client);
    const { previous } = client;
    // Avoids `Delayed will of a session that ends`.
    if (step.clean && previous?.will !== undefined && previous.will.delay > 0) return undefined;
    if (client.connection !== undefined && previous !== undefined) {
      // Avoids `Will of a session that is taken over`.
      if (!step.clean && isDurable(previous) && previous.will?.delay === 0) return undefined;
      this.#end(step.client, undefined);
    }
    if (step.clean) client.filters.clear();
    const { receiveMaximum, maximumPacketSize, will, ...plain } = step;
    // Avoids `A smaller receive maximum`.
    const isSmaller = previous !== undefined && windowOf(previous) > windowOf(step);
    const canDelay = step.version === 5 && isDurable(step);
    const isWindowed = this.#habits[step.client] === 'windowed';
    const admitted: ConnectStep = {
      ...plain,
      withheld: isWindowed ? step.withheld : 'none',
      ...(isWindowed && receiveMaximum !== undefined && !isSmaller && { receiveMaximum }),
      // Avoids `A message that is too large for the client`.
      ...(!isWindowed && maximumPacketSize !== undefined && { maximumPacketSize }),
      // Avoids `Delayed will of a session that ends`.
      ...(will !== undefined && { will: { ...will, delay: canDelay ? will.delay : 0 } }),
    };
    client.connection = admitted;
    client.previous = admitted;
    return admitted;
  }

  #subscribe(step: SubscribeStep, connection: ConnectStep): Step | undefined {
    const { filters } = this.#client(step.client);
    const isWindowed = this.#habits[step.client] === 'windowed';
    const subscriptions = step.subscriptions.flatMap((subscription, index) => {
      const { filter, retainAsPublished } = subscription;
      // Avoids `A filter twice in one SUBSCRIBE`.
      if (step.subscriptions.findIndex((other) => other.filter === filter) < index) return [];
      const shared = parseSharedFilter(filter);
      // Avoids `Shared subscriptions to topics that begin with $`.
      if (shared?.filter.startsWith('$')) return [];
      if (isWindowed && this.#overlaps(step.client, filter)) return [];
      // Avoids `Retained messages to a shared subscription`: they would fill the window.
      const isSilent = isWindowed && shared !== undefined;
      if (isSilent && connection.version < 5) return [];
      const retainHandling = isSilent ? 2 : subscription.retainHandling;
      const noLocal = subscription.noLocal && shared === undefined; // [MQTT-3.8.3-4]
      const wanted = connection.version === 5 ? { noLocal, retainAsPublished } : noOptions;
      const options = filters.get(filter) ?? wanted;
      // Avoids `Options of a subscription made again`.
      if (connection.version < 5 && (options.noLocal || options.retainAsPublished)) return [];
      filters.set(filter, options);
      return [{ ...subscription, ...options, retainHandling }];
    });
    return subscriptions.length === 0 ? undefined : { ...step, subscriptions };
  }

  /** Whether a topic of the scripts matches the filter and another one of the session. */
  #overlaps(client: ClientNumber, filter: string): boolean {
    return this.filtersOf(client).some(
      (other) =>
        other !== filter && topics.some((topic) => matches(other, topic) && matches(filter, topic)),
    );
  }

  #interrupt(step: InterruptStep, connection: ConnectStep): Step | undefined {
    // Avoids `When a QoS 2 message is routed`: before or after the connection is lost, and its will.
    if (!isDurable(connection) || connection.will !== undefined) return undefined;
    const filters = this.filtersOf(step.client);
    if (filters.some((filter) => matches(filter, step.message.topic))) return undefined;
    // A PUBREL may only follow a PUBREC that came.
    return step.seenPubrec ? step : { ...step, resend: 'publish' };
  }

  /** Avoids `When a QoS 2 message is routed`: before or after the others of a burst. */
  #burst(messages: readonly ScriptMessage[]): readonly ScriptMessage[] {
    const isWindowed = this.#habits.includes('windowed');
    return messages.filter((message, index) =>
      messages
        .slice(0, index)
        .every(
          (earlier) =>
            (earlier.qos === 2) === (message.qos === 2) ||
            !(isWindowed || (earlier.topic === message.topic && earlier.retain && message.retain)),
        ),
    );
  }

  #end(number: ClientNumber, sessionExpiry: number | undefined): void {
    const client = this.#client(number);
    const { connection } = client;
    client.connection = undefined;
    if (connection === undefined) return;
    if (!isDurable(connection) || sessionExpiry === 0) client.filters.clear();
  }

  #client(number: ClientNumber): ClientState {
    const client = this.#clients[number];
    if (client === undefined) throw new RangeError(`no client ${number}`);
    return client;
  }
}

/** Whether the session outlives the connection. */
export function isDurable({ version, clean, sessionExpiry }: ConnectStep): boolean {
  return version === 5 ? sessionExpiry > 0 : !clean;
}

/** How many messages may be in flight to a client. */
function windowOf({ version, receiveMaximum }: ConnectStep): number {
  return version === 5 ? (receiveMaximum ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
}

function matches(filter: string, topic: string): boolean {
  return topicMatches(parseSharedFilter(filter)?.filter ?? filter, topic);
}
