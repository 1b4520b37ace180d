import type { ProtocolVersion, Qos } from '@sluice/packet';
import { Random } from './random.ts';
import {
  type ClientNumber,
  type ConnectStep,
  filters,
  type Habit,
  largeBytes,
  type MessageProperties,
  type Script,
  type ScriptMessage,
  type ScriptSubscription,
  type ScriptWill,
  type Step,
  topics,
} from './script.ts';
import { ScriptRules } from './script-rules.ts';

const qosLevels: readonly Qos[] = [0, 1, 2];

/** The script of a seed: legal steps of two to four clients. */
export function generateScript(seed: number): Script {
  return new Generator(seed).script();
}

class Generator {
  readonly #seed: number;
  readonly #random: Random;
  readonly #habits: readonly Habit[];
  readonly #rules: ScriptRules;
  /** A few topics, so that messages meet subscriptions. */
  readonly #topics: readonly string[];
  #messages = 0;

  constructor(seed: number) {
    const random = new Random(seed);
    this.#seed = seed;
    this.#random = random;
    this.#habits = Array.from({ length: 2 + random.below(3) }, () =>
      random.chance(40) ? 'windowed' : 'overlapping',
    );
    this.#rules = new ScriptRules(this.#habits);
    this.#topics = random.list(4, () => random.pick(topics));
  }

  script(): Script {
    const steps: Step[] = [];
    const length = 6 + this.#random.below(16);
    // What is not legal is left out: one try more costs nothing.
    for (let tries = 0; steps.length < length && tries < 200; tries++) {
      const step = this.#rules.admit(this.#step());
      if (step !== undefined) steps.push(step);
    }
    return { seed: this.#seed, habits: this.#habits, steps };
  }

  #step(): Step {
    const random = this.#random;
    const client = random.below(this.#habits.length);
    if (!this.#rules.isConnected(client)) return this.#connect(client);
    const choice = random.below(100);
    if (choice < 28) return this.#subscribe(client);
    if (choice < 62) {
      return { step: 'publish', client, messages: random.list(5, () => this.#message(client)) };
    }
    if (choice < 68) return this.#together();
    if (choice < 74) return { step: 'unsubscribe', client, filters: this.#unsubscribed(client) };
    if (choice < 78) {
      return {
        step: 'interrupt',
        client,
        message: this.#message(client, [2]),
        seenPubrec: random.chance(60),
        resend: random.chance(50) ? 'publish' : 'pubrel',
      };
    }
    if (choice < 82) return { step: 'release', client };
    if (choice < 86) return this.#connect(client);
    if (choice < 93) return { step: 'cut', client };
    return {
      step: 'disconnect',
      client,
      reasonCode: random.chance(30) ? 4 : 0,
      ...(random.chance(30) && { sessionExpiry: random.pick([0, 5_000]) }),
    };
  }

  #connect(client: ClientNumber): ConnectStep {
    const random = this.#random;
    // A client keeps its version, as a rule: with it, its session.
    const usual: ProtocolVersion = client % 2 === 0 ? 5 : 4;
    const version = random.chance(85) ? usual : random.pick([3, 4, 5] as const);
    return {
      step: 'connect',
      client,
      version,
      clean: random.chance(30),
      sessionExpiry: version === 5 && random.chance(25) ? 0 : random.pick([3_600, 0xffffffff]),
      ...(random.chance(60) && { receiveMaximum: 1 + random.below(4) }),
      ...(random.chance(50) && { topicAliasMaximum: random.pick([0, 1, 10]) }),
      ...(random.chance(20) && { maximumPacketSize: 500 }),
      withheld: random.chance(50) ? 'none' : random.pick(['first', 'last'] as const),
      ...(random.chance(40) && { will: this.#will(client) }),
    };
  }

  #will(client: ClientNumber): ScriptWill {
    const { alias: _, ...message } = this.#message(client);
    return { ...message, delay: this.#random.chance(60) ? 0 : 20_000 };
  }

  #subscribe(client: ClientNumber): Step {
    const random = this.#random;
    return {
      step: 'subscribe',
      client,
      ...(random.chance(50) && { identifier: random.pick([1, 2, 127, 128, 268_435_455]) }),
      subscriptions: random.list(3, () => this.#subscription(client)),
    };
  }

  #subscription(client: ClientNumber): ScriptSubscription {
    const random = this.#random;
    const plain = random.chance(40) ? random.pick(this.#topics) : random.pick(filters);
    const again = this.#rules.filtersOf(client);
    // One member to a group: nothing depends on which one a broker chooses.
    const filter = random.chance(10) ? `$share/g${client}/${plain}` : plain;
    return {
      filter: again.length > 0 && random.chance(25) ? random.pick(again) : filter,
      qos: random.pick(qosLevels),
      noLocal: random.chance(20),
      retainAsPublished: random.chance(40),
      retainHandling: random.pick([0, 0, 1, 2]),
    };
  }

  #unsubscribed(client: ClientNumber): string[] {
    const random = this.#random;
    const held = this.#rules.filtersOf(client);
    return random.list(2, () =>
      held.length > 0 && random.chance(75) ? random.pick(held) : random.pick(filters),
    );
  }

  #together(): Step {
    const bursts = this.#habits.map((_, client) => ({
      client,
      messages: this.#random.list(4, () => ({ ...this.#message(client), retain: false })),
    }));
    return { step: 'together', bursts };
  }

  #message(client: ClientNumber, levels: readonly Qos[] = qosLevels): ScriptMessage {
    const random = this.#random;
    const retain = random.chance(35);
    const qos = random.pick(levels);
    this.#messages++;
    const filling = random.chance(6) ? ` ${'x'.repeat(largeBytes)}` : '';
    return {
      topic: random.chance(85) ? random.pick(this.#topics) : random.pick(topics),
      payload: retain && random.chance(25) ? '' : `c${client} q${qos} m${this.#messages}${filling}`,
      qos,
      retain,
      properties: random.chance(40) ? this.#properties() : {},
      ...(random.chance(25) && { alias: 1 + random.below(3) }),
    };
  }

  #properties(): MessageProperties {
    const random = this.#random;
    return {
      ...(random.chance(30) && { payloadFormatIndicator: random.pick([0, 1] as const) }),
      ...(random.chance(30) && { messageExpiryInterval: random.pick([9_000, 100_000]) }),
      ...(random.chance(30) && { contentType: random.pick(['', 'text/plain']) }),
      ...(random.chance(30) && { responseTopic: random.pick(['answers', '$x/answers']) }),
      ...(random.chance(30) && { correlationData: random.pick(['', 'correlation']) }),
      ...(random.chance(50) && {
        userProperties: random.list(
          3,
          () => [random.pick(['b', 'a', '']), random.pick(['2', '1', ''])] as const,
        ),
      }),
    };
  }
}
