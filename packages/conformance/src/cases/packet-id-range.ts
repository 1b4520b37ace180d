import { type ConformanceCase, defineCase } from '../case.ts';
import type { Client } from '../client.ts';
import { acknowledgement, publish } from '../compose.ts';

const allIds = 65_535;

/** Publishes numbers at QoS 1, a window at a time. */
async function flood(publisher: Client, topic: string, count: number): Promise<void> {
  const window = Math.min(publisher.connack?.properties.receiveMaximum ?? 100, 100);
  for (let sent = 0; sent < count; sent += window) {
    const size = Math.min(window, count - sent);
    const packets = Array.from({ length: size }, (_, index) =>
      publish({ topic, payload: `${sent + index}`, qos: 1, packetId: index + 1 }),
    );
    publisher.send(...packets);
    for (let index = 0; index < size; index++) await publisher.expect('puback');
  }
}

/** Packet ids of the broker over their whole range: section 4.3.2. */
export const packetIdRangeCases: readonly ConformanceCase[] = [
  defineCase({
    name: 'packet-ids-wrap-around-one-that-is-in-use',
    ids: { v5: ['MQTT-4.3.2-1', 'MQTT-4.6.0-5'] },
    versions: [5],
    timeoutMs: 120_000,
    async run(t) {
      const topic = t.topic();
      const subscriber = await t.connect();
      await subscriber.subscribe({ filter: topic, qos: 1 });
      const publisher = await t.connect();
      const total = allIds + 40;
      const flooded = flood(publisher, topic, total);
      // When the case ends early it fails alone, and nobody waits for it.
      flooded.catch(() => {});
      let held: number | undefined;
      for (let next = 0; next < total; next++) {
        let message = await subscriber.receive(held === undefined ? undefined : 1_000);
        if (message === undefined && held !== undefined) {
          // The broker may wait for the identifier instead of passing it over.
          subscriber.send(acknowledgement('puback', held));
          held = undefined;
          message = await subscriber.receive();
        }
        if (message?.type !== 3) return t.excuse(`the broker delivered only ${next} messages`);
        const { packetId } = message;
        const text = new TextDecoder().decode(message.payload);
        t.check('MQTT-4.6.0-5', text === `${next}`, `message ${text} came instead of ${next}`);
        const isFree = packetId !== 0 && packetId !== held;
        t.check('MQTT-4.3.2-1', isFree, `packet id ${packetId} was given away while in use`);
        // The third stays unacknowledged.
        if (next === 2) held = packetId;
        else subscriber.send(acknowledgement('puback', packetId));
      }
      await flooded;
    },
  }),
];
