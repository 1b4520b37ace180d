import { DeliveryLedger } from './delivery-ledger.ts';
import { LoadPublisher } from './load-publisher.ts';
import { LoadSubscriber } from './load-subscriber.ts';

/** A server that can be killed and started again over the same data. */
export interface Killable {
  start(): Promise<void>;
  kill(): Promise<void>;
  readonly port: number;
}

const deadlineMs = 60_000;

/** Publishers and subscribers of both QoS and both versions, and a server that dies under their load. */
export class KillTrial {
  readonly #server: Killable;
  readonly #ledger = new DeliveryLedger();
  readonly #publishers: readonly LoadPublisher[];
  readonly #present: readonly LoadSubscriber[];
  readonly #absent: LoadSubscriber;
  readonly #late: LoadSubscriber;
  #lateIsHere = false;

  constructor(server: Killable) {
    this.#server = server;
    const publisher = (version: 4 | 5, qos: 1 | 2) =>
      new LoadPublisher(`publisher-${version}-qos-${qos}`, version, qos, this.#ledger);
    const subscriber = (name: string, version: 4 | 5) => {
      this.#ledger.addSubscriber(name);
      return new LoadSubscriber(name, version, this.#ledger);
    };
    this.#publishers = [publisher(5, 1), publisher(4, 1), publisher(5, 2), publisher(4, 2)];
    this.#present = [subscriber('present-5', 5), subscriber('present-4', 4)];
    this.#absent = subscriber('absent', 5);
    this.#late = subscriber('late', 4);
  }

  /** Starts the server and makes all sessions. */
  async begin(): Promise<void> {
    await this.#server.start();
    const { port } = this.#server;
    for (const subscriber of [this.#absent, this.#late]) {
      await subscriber.connect(port);
      await subscriber.end();
    }
    await this.#connect();
  }

  /** Kills the server after so many more acknowledgements of each publisher, and starts it again. */
  async kill(afterAcknowledgements: number): Promise<void> {
    await inTime(
      'acknowledgements',
      Promise.all(this.#publishers.map((one) => one.acknowledged(afterAcknowledgements))),
    );
    await this.#killAndReturn();
  }

  /** Kills the server when it has delivered all that was sent, and no publisher has heard of it. */
  async killUnheard(): Promise<void> {
    for (const publisher of this.#publishers) publisher.goDeaf();
    await inTime('deliveries', this.#everythingAt(this.#present));
    await this.#killAndReturn();
  }

  /** From now on one more subscriber is there, and goes through what waits for it. */
  async callLate(): Promise<void> {
    this.#lateIsHere = true;
    await this.#late.connect(this.#server.port);
  }

  /** Lets everybody take what is theirs, ends the load, and tells what is wrong. */
  async verdict(): Promise<string[]> {
    if (!this.#lateIsHere) await this.callLate();
    await this.#absent.connect(this.#server.port);
    // The last messages find everybody there, also one whose session the server has lost.
    const finished = Promise.all(this.#publishers.map((one) => one.finish()));
    await inTime('the last acknowledgements', finished);
    const subscribers = [...this.#present, this.#late, this.#absent];
    await inTime('deliveries', this.#everythingAt(subscribers));
    for (const client of [...subscribers, ...this.#publishers]) await client.end();
    return this.#ledger.violations();
  }

  async #killAndReturn(): Promise<void> {
    await this.#server.kill();
    await Promise.all(this.#connected().map((client) => client.gone()));
    await this.#server.start();
    await this.#connect();
  }

  /** Settles when these subscribers have the last message of each publisher. */
  async #everythingAt(subscribers: readonly LoadSubscriber[]): Promise<void> {
    const last = new Map(this.#publishers.map((one) => [one.name, one.last]));
    await Promise.all(subscribers.map((one) => one.reached(last)));
  }

  async #connect(): Promise<void> {
    for (const client of this.#connected()) await client.connect(this.#server.port);
  }

  #connected(): (LoadPublisher | LoadSubscriber)[] {
    return [...this.#present, ...(this.#lateIsHere ? [this.#late] : []), ...this.#publishers];
  }
}

async function inTime(what: string, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no ${what} in ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
