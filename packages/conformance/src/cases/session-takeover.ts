import { type ConformanceCase, defineCase } from '../case.ts';

/** The connection that is taken over: how long its will waits and its session lives, in seconds. */
interface Row {
  readonly delay: number | undefined;
  readonly expiry: number | undefined;
  /** Of the new connection. */
  readonly clean: boolean;
  readonly published: boolean;
  readonly sessionPresent: boolean;
}

const table: readonly Row[] = [
  { delay: undefined, expiry: 100, clean: false, published: true, sessionPresent: true },
  { delay: 0, expiry: 100, clean: false, published: true, sessionPresent: true },
  { delay: 0, expiry: 100, clean: true, published: true, sessionPresent: false },
  { delay: 10, expiry: 0, clean: false, published: true, sessionPresent: false },
  { delay: 10, expiry: undefined, clean: true, published: true, sessionPresent: false },
  { delay: 10, expiry: 100, clean: true, published: true, sessionPresent: false },
  { delay: 10, expiry: 100, clean: false, published: false, sessionPresent: true },
  { delay: 100, expiry: 10, clean: false, published: false, sessionPresent: true },
];

function nameOf({ delay, expiry, clean }: Row): string {
  return `takeover-with-delay-${delay ?? 'none'}-expiry-${expiry ?? 'none'}-${clean ? 'clean' : 'resumed'}`;
}

const willTable: readonly ConformanceCase[] = table.map((row) =>
  defineCase({
    name: nameOf(row),
    ids: { v5: ['MQTT-3.1.4-3', 'MQTT-3.1.2-8', 'MQTT-3.1.3-9', 'MQTT-3.2.2-3'] },
    versions: [5],
    async run(t) {
      const { delay, expiry, clean, published, sessionPresent } = row;
      const watcher = await t.connect();
      await watcher.subscribe({ filter: t.topic('will'), qos: 1 });
      const clientId = t.clientId('c');
      const willProperties = delay === undefined ? {} : { willDelayInterval: delay };
      const old = await t.connect({
        clientId,
        properties: expiry === undefined ? {} : { sessionExpiryInterval: expiry },
        will: { topic: t.topic('will'), payload: 'old', qos: 1, properties: willProperties },
      });
      const successor = await t.connect({
        clientId,
        clean,
        properties: { sessionExpiryInterval: 100 },
      });
      await old.expectClosed({ codes: [0x8e], id: 'MQTT-3.1.4-3' });
      t.check(
        'MQTT-3.2.2-3',
        successor.connack?.sessionPresent === sessionPresent,
        `Session Present is ${!sessionPresent}`,
      );
      await t.about(published ? 'MQTT-3.1.2-8' : 'MQTT-3.1.3-9', async () => {
        if (published) await watcher.expectMessage({ payload: 'old' });
        // Once, or not at all.
        await watcher.expectNothing();
      });
      await successor.ping();
    },
  }),
);

const others: readonly ConformanceCase[] = [
  defineCase({
    name: 'takeover-across-versions',
    ids: { v5: ['MQTT-3.1.4-3'], v311: ['MQTT-3.1.4-2'] },
    versions: [4, 5],
    async run(t) {
      const clientId = t.clientId('c');
      const old = await t.connect({ clientId, keep: true });
      await old.subscribe({ filter: t.topic(), qos: 1 });
      const successor = await t.connect({
        clientId,
        keep: true,
        version: t.version === 5 ? 4 : 5,
      });
      await old.expectClosed({ codes: [0x8e] });
      const publisher = await t.connect();
      await publisher.publish(t.topic(), 'x', { qos: 1 });
      await successor.expectMessage({ payload: 'x' });
    },
  }),
];

/** A CONNECT with the client identifier of a client that is connected (section 3.1.4). */
export const takeoverCases: readonly ConformanceCase[] = [...willTable, ...others];
