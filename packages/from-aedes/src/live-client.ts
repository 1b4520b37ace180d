import { EventEmitter } from 'node:events';
import { type Qos, ReasonCode } from '@sluice/packet';
import type { BrokerServices, ConnectionInfo } from '@sluice/plugin';
import { Decisions } from './decisions.ts';
import type {
  AedesClient,
  Callback,
  OneSubscription,
  PublishRequest,
  SubscribeRequest,
  UnsubscribeRequest,
} from './handlers.ts';
import { callBack } from './outcome.ts';
import { outgoingOf } from './packets.ts';

/** A client on its connection. It emits `connected`, and `error` to those who listen. */
export class LiveClient extends EventEmitter implements AedesClient {
  id: string | null = null;
  clean = true;
  version: number | null = null;
  connecting = true;
  connected = false;
  closed = false;
  readonly conn: AedesClient['conn'];
  readonly req: AedesClient['req'];
  /** What the handler has decided about the SUBSCRIBE at hand, for the hook that comes next. */
  readonly decisions: Decisions = new Decisions();
  readonly #waiting: Set<Callback<never>> = new Set();
  readonly #connection: ConnectionInfo;
  readonly #broker: BrokerServices;

  constructor(connection: ConnectionInfo, broker: BrokerServices) {
    super();
    this.#connection = connection;
    this.#broker = broker;
    const { remoteAddress, remotePort, request } = connection;
    this.conn = { remoteAddress, remotePort, destroy: () => this.close() };
    this.req = request;
  }

  publish(packet: PublishRequest, callback?: Callback): void {
    const sent = this.#broker.publishTo(this.id ?? '', outgoingOf(packet));
    callBack(
      sent.then((isTaken) => {
        if (!isTaken) throw new Error('the client did not take the message');
      }),
      callback,
    );
  }

  subscribe(subscriptions: SubscribeRequest, callback?: Callback): void {
    const { subscriptions: service } = this.#broker;
    const made = listOf<OneSubscription>(subscriptions).map(async ({ topic, qos = 0 }) => {
      const isMade = await service.add(this.id ?? '', {
        filter: topic,
        qos: qos as Qos,
        noLocal: false,
        retainAsPublished: false,
        retainHandling: 0,
      });
      if (!isMade) throw new Error(`the subscription to ${topic} was not made`);
    });
    callBack(Promise.all(made), callback);
  }

  unsubscribe(subscriptions: UnsubscribeRequest, callback?: Callback): void {
    const { subscriptions: service } = this.#broker;
    const list = listOf<string | { readonly topic: string }>(subscriptions);
    const names = list.map((one) => (typeof one === 'string' ? one : one.topic));
    callBack(Promise.all(names.map((name) => service.remove(this.id ?? '', name))), callback);
  }

  close(callback?: () => void): void {
    this.end(ReasonCode.administrativeAction);
    if (callback !== undefined) queueMicrotask(callback);
  }

  /** Calls back with an error when a handler ends the connection, unless what it returns is called before. */
  wait(callback: Callback<never>): () => void {
    this.#waiting.add(callback);
    return () => this.#waiting.delete(callback);
  }

  /** Ends the connection, but not that of somebody who has the client identifier now. */
  end(reasonCode: ReasonCode): void {
    // The handler that asked for it need not call back.
    for (const callback of this.#waiting) callback(new Error('a handler closed the client'));
    this.#waiting.clear();
    if (this.closed) return;
    this.closed = true;
    if (this.id === null) return;
    const owner = this.#broker.sessions.get(this.id)?.client;
    if (owner?.connection.id !== this.#connection.id) return;
    this.#broker.disconnect(this.id, { reasonCode });
  }
}

/** One thing, several, or those in a packet. */
function listOf<One>(given: One | readonly One[] | object): readonly One[] {
  if (Array.isArray(given)) return given;
  if (typeof given === 'object' && given !== null) {
    for (const key of ['subscriptions', 'unsubscriptions']) {
      const inside: unknown = Reflect.get(given, key);
      if (Array.isArray(inside)) return inside;
    }
  }
  return [given as One];
}
