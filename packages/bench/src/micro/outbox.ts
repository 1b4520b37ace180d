import { defaultLimits } from '@sluice/core';
import { coreModule } from './core-module.ts';
import { commitParts, routedMessages } from './core-parts.ts';
import type { MicroBenchmark } from './micro-benchmark.ts';

const messages = 1_000;
const inFlight = 20;

/** The QoS 1 and 2 messages of a session. It is no part of what `@sluice/core` exports. */
interface Outbox {
  readonly size: number;
  enqueue(
    message: object,
    qos: 1 | 2,
    retain: boolean,
    identifiers: undefined,
    group: undefined,
  ): unknown;
  puback(packetId: number, reasonCode: number): unknown;
  pubrec(packetId: number, reasonCode: number): unknown;
  pubcomp(packetId: number, reasonCode: number): unknown;
  pump(): void;
}

interface OutboxModule {
  readonly Outbox: new (owner: object, context: object) => Outbox;
}

/** A message into the queue of a client, out to it and acknowledged by it, 20 in flight. */
export async function outboxBenchmarks(): Promise<MicroBenchmark[]> {
  return [
    await benchmark('QoS 1, clean session', 1, false),
    await benchmark('QoS 2, clean session', 2, false),
    await benchmark('QoS 1, durable session', 1, true),
    await benchmark('QoS 2, durable session', 2, true),
  ];
}

async function benchmark(name: string, qos: 1 | 2, stored: boolean): Promise<MicroBenchmark> {
  const { Outbox } = await coreModule<OutboxModule>('outbox/outbox');
  const newMessage = await routedMessages();
  const parts = await commitParts();
  const sent: number[] = [];
  const owner = {
    ...{ number: 1, clientId: 'c', client: {}, hooks: {}, limits: defaultLimits, stored },
    sink: { protocolVersion: 4, writable: true, sendQuota: inFlight, pubrel() {} },
    tellLimited() {},
    pump: () => outbox.pump(),
    send(_message: object, _qos: 1 | 2, _retain: boolean, _dup: boolean, packetId: number) {
      sent.push(packetId);
      return undefined;
    },
  };
  const outbox = new Outbox(owner, {
    ...parts,
    limits: defaultLimits,
    queueOverflow: 'drop-newest',
    overload: { isFull: false },
  });
  const acknowledge = (): void => {
    for (const packetId of sent.splice(0)) {
      if (qos === 1) outbox.puback(packetId, 0);
      else outbox.pubrec(packetId, 0);
      if (qos === 2) outbox.pubcomp(packetId, 0);
    }
  };
  let number = 0;
  return {
    group: 'outbox',
    name,
    operations: messages,
    run() {
      for (let index = 0; index < messages; index++) {
        outbox.enqueue(newMessage({ number: ++number, qos }), qos, false, undefined, undefined);
        if ((index + 1) % inFlight !== 0) continue;
        parts.endTurn();
        acknowledge();
        parts.endTurn();
      }
      if (outbox.size > 0) throw new Error(`${outbox.size} messages were not acknowledged`);
    },
  };
}
