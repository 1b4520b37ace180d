import { allow, deny } from '@sluice/plugin';
import type { Broker } from '../../packages/core/src/index.ts';
import {
  aWill,
  connectPacket,
  disconnectPacket,
  publishPacket,
  subscribePacket,
  subscription,
  unsubscribePacket,
} from '../../packages/core/test/support/packets.ts';
import { aPlugin } from '../../packages/core/test/support/test-broker.ts';
import { TestClient } from '../../packages/core/test/support/test-client.ts';
import type { Dice } from '../simulation/dice.ts';

const names = Array.from({ length: 200 }, (_, index) => `client-${index}`);
const topics = Array.from({ length: 60 }, (_, index) => `rooms/${index % 10}/${index}`);
const filters = [
  ...topics.slice(0, 20),
  ...Array.from({ length: 10 }, (_, index) => `rooms/${index}/+`),
  'rooms/#',
  '$share/one/rooms/1/#',
  '$share/two/rooms/+/7',
];
const maxClients = 60;
/** Actions after which a client goes, at the latest: what it received is kept for as long. */
const longestLife = 60;

/** Hooks that fail now and then, by the dice. */
export function failingNowAndThen(dice: Dice) {
  return aPlugin((context) => {
    context.hook('authenticate', () => (dice.chance(2) ? deny() : allow()));
    context.hook('publish', () => {
      if (dice.chance(1)) throw new Error('soak: publish failed');
      return dice.chance(1) ? new Promise<undefined>(() => {}) : undefined;
    });
    context.hook('deliver', () => {
      if (dice.chance(1)) throw new Error('soak: deliver failed');
      return undefined;
    });
  }, 'now and then');
}

/** Clients that come and go, and do what clients do, one action after the other. */
export class Churn {
  readonly done: Map<string, number> = new Map();
  readonly #dice: Dice;
  readonly #broker: Broker;
  readonly #world: { settle(): Promise<void> };
  #clients: { readonly client: TestClient; age: number }[] = [];
  #packetId = 0;

  constructor(dice: Dice, broker: Broker, world: { settle(): Promise<void> }) {
    this.#dice = dice;
    this.#broker = broker;
    this.#world = world;
  }

  act(): void {
    this.#clients = this.#clients.filter(({ client }) => !client.closed);
    if (this.#clients.length < maxClients && this.#dice.chance(20)) {
      this.#count('connect');
      this.#connect();
      return;
    }
    const one = this.#clients.length > 0 ? this.#dice.pick(this.#clients) : undefined;
    if (one === undefined) return;
    const { client } = one;
    if (++one.age > longestLife) this.#leave(client);
    else this.#behave(client);
  }

  /** Sends what the clients have to answer; true when there was something. */
  sendAnswers(): boolean {
    let sent = false;
    for (const { client } of this.#clients) if (client.sendAnswers()) sent = true;
    return sent;
  }

  /** Everybody's network fails. */
  end(): void {
    for (const { client } of this.#clients) client.stream.destroy();
    this.#clients = [];
  }

  #connect(): void {
    const dice = this.#dice;
    const version = dice.chance(30) ? 4 : 5;
    const client = new TestClient(version, this.#world);
    client.acknowledges = !dice.chance(10);
    this.#broker.handle(client.stream);
    const expiry = { sessionExpiryInterval: dice.pick([0, 5, 60, 600]) };
    const delay = { properties: { willDelayInterval: dice.pick([0, 10]) } };
    const will = aWill(dice.pick(topics), 'will', version === 5 ? delay : {});
    const fields = {
      clientId: dice.pick(names),
      cleanStart: version === 4 || dice.chance(40),
      keepAlive: dice.pick([0, 5, 60]),
      ...(version === 5 && { properties: expiry }),
      ...(dice.chance(30) && { will }),
    };
    // Some never finish their CONNECT.
    if (dice.chance(3)) client.send(Buffer.from('10', 'hex'));
    else client.send(connectPacket(version, fields));
    this.#clients.push({ client, age: 0 });
  }

  #behave(client: TestClient): void {
    const dice = this.#dice;
    const chance = dice.below(100);
    if (chance < 60) this.#publish(client);
    else if (chance < 75) {
      this.#count('subscribe');
      const qos = dice.pick([0, 1, 2] as const);
      const identifier = client.version === 5 && dice.chance(20) ? dice.between(1, 9) : undefined;
      const wanted = [subscription(dice.pick(filters), { qos })];
      client.send(subscribePacket(this.#nextPacketId(), wanted, identifier));
    } else if (chance < 85) {
      this.#count('unsubscribe');
      client.send(unsubscribePacket(this.#nextPacketId(), [dice.pick(filters)]));
    } else if (chance < 88) {
      this.#count('stall');
      client.stream.stall();
    } else if (chance < 91) {
      this.#count('rubbish');
      client.send(Buffer.from([dice.below(256), dice.below(4), dice.below(256), dice.below(256)]));
    } else if (chance < 97) this.#leave(client);
    else {
      this.#count('application publishes');
      const message = { topic: dice.pick(topics), payload: 'application', qos: 1 as const };
      void this.#broker.publish(message).catch(() => {});
    }
  }

  #publish(client: TestClient): void {
    const dice = this.#dice;
    this.#count('publish');
    const qos = dice.pick([0, 0, 1, 2] as const);
    const retain = dice.chance(20);
    // Without a payload, the retained message goes.
    const payload = retain && dice.chance(40) ? '' : Buffer.alloc(dice.pick([10, 100, 2_000]));
    const expires = client.version === 5 && dice.chance(20);
    const properties = expires ? { messageExpiryInterval: dice.between(1, 30) } : {};
    const packetId = qos === 0 ? 0 : this.#nextPacketId();
    const topic = dice.pick(topics);
    client.send(publishPacket(topic, payload, { qos, retain, packetId, properties }));
  }

  #leave(client: TestClient): void {
    this.#count('leave');
    if (this.#dice.chance(50)) client.send(disconnectPacket());
    else client.stream.destroy();
  }

  #nextPacketId(): number {
    this.#packetId = (this.#packetId % 65_535) + 1;
    return this.#packetId;
  }

  #count(action: string): void {
    this.done.set(action, (this.done.get(action) ?? 0) + 1);
  }
}
