import { bytes } from '../bytes.ts';
import { type ConformanceCase, defineCase } from '../case.ts';
import { Client } from '../client.ts';
import { connect, pingreq, publish, subscribe } from '../compose.ts';
import { CaseFailure } from '../failures.ts';
import type { Trial } from '../trial.ts';
import { opcodes, type UpgradeAnswer, upgrade, type WebSocketStream } from '../web-socket.ts';

const versions = [3, 4, 5] as const;
const needs = ['websocket'] as const;

async function ask(t: Trial, subprotocols: string | undefined): Promise<UpgradeAnswer> {
  const { openWebSocket, webSocketPath = '/' } = t.target;
  const connection = await (openWebSocket as NonNullable<typeof openWebSocket>)();
  return upgrade(connection, webSocketPath, subprotocols, t.patienceMs);
}

/** Runs with a client on a WebSocket, which ends with it. */
async function overWebSocket(
  t: Trial,
  body: (client: Client, socket: WebSocketStream) => Promise<void>,
): Promise<void> {
  const { socket, status } = await ask(t, 'mqtt');
  if (socket === undefined) throw new CaseFailure(`the upgrade was answered with ${status}`);
  const { version, transcript, patienceMs } = t;
  const clientId = t.clientId('ws');
  const client = new Client(socket, { version, clientId, label: 'socket', transcript, patienceMs });
  try {
    await body(client, socket);
  } finally {
    client.drop();
  }
}

const handshake: readonly ConformanceCase[] = [
  defineCase({
    name: 'websocket-subprotocol-is-mqtt',
    ids: { v5: ['MQTT-6.0.0-4'], v311: ['MQTT-6.0.0-4'] },
    versions,
    needs,
    async run(t) {
      for (const offered of ['mqtt', 'chat, mqtt', 'mqtt,chat']) {
        const { status, headers, socket } = await ask(t, offered);
        const selected = headers.get('sec-websocket-protocol');
        t.check(
          'MQTT-6.0.0-4',
          status === 101 && selected === 'mqtt',
          `${status} and '${selected}' for '${offered}'`,
        );
        socket?.destroy();
      }
    },
  }),
  defineCase({
    name: 'websocket-without-the-subprotocol-is-refused',
    ids: { v5: ['MQTT-6.0.0-3'], v311: ['MQTT-6.0.0-3'] },
    versions: [4, 5],
    needs,
    async run(t) {
      for (const offered of [undefined, 'chat', 'MQTT5, xmpp']) {
        const { socket, headers } = await ask(t, offered);
        if (socket === undefined) continue;
        const selected = headers.get('sec-websocket-protocol');
        socket.destroy();
        if (selected === undefined) t.excuse('the broker leaves a wrong subprotocol to the client');
        t.check('MQTT-6.0.0-3', false, `'${selected}' was selected, '${offered}' was offered`);
      }
    },
  }),
];

const framing: readonly ConformanceCase[] = [
  defineCase({
    name: 'websocket-carries-mqtt',
    ids: { v5: ['MQTT-6.0.0-1', 'MQTT-4.2.0-1'], v311: ['MQTT-6.0.0-1', 'MQTT-7.1.1-1'] },
    versions,
    needs,
    run: (t) =>
      overWebSocket(t, async (client) => {
        await client.connect(t.withCredentials());
        await client.subscribe(t.topic());
        // From a short frame to one whose length takes eight bytes.
        for (const size of [0, 1, 125, 126, 65_535, 70_000]) {
          const payload = 'x'.repeat(size);
          await client.publish(t.topic(), payload);
          await client.expectMessage({ topic: t.topic(), payload });
        }
      }),
  }),
  defineCase({
    name: 'websocket-and-tcp-clients-reach-each-other',
    ids: { v5: ['MQTT-4.2.0-1'], v311: ['MQTT-7.1.1-1'] },
    versions,
    needs,
    run: (t) =>
      overWebSocket(t, async (client) => {
        const other = await t.connect();
        await client.connect(t.withCredentials());
        await client.subscribe(t.topic('a'));
        await other.subscribe(t.topic('b'));
        await other.publish(t.topic('a'), 'to the socket');
        await client.expectMessage({ payload: 'to the socket' });
        await client.publish(t.topic('b'), 'from the socket');
        await other.expectMessage({ payload: 'from the socket' });
      }),
  }),
  defineCase({
    name: 'websocket-packets-come-byte-by-byte',
    ids: { v5: ['MQTT-6.0.0-2'], v311: ['MQTT-6.0.0-2'] },
    versions,
    needs,
    run: (t) =>
      overWebSocket(t, async (client) => {
        const hello = connect(t.version, t.withCredentials({ clientId: client.clientId }));
        await client.sendInPieces(hello, 1);
        await client.expect('connack', { reasonCode: 0 });
        await client.sendInPieces(subscribe(1, [t.topic()]), 1);
        await client.expect('suback', { packetId: 1 });
        await client.sendInPieces(publish({ topic: t.topic(), payload: 'pieces' }), 3);
        await client.expectMessage({ payload: 'pieces' });
      }),
  }),
  defineCase({
    name: 'websocket-frame-holds-several-packets',
    ids: { v5: ['MQTT-6.0.0-2'], v311: ['MQTT-6.0.0-2'] },
    versions,
    needs,
    run: (t) =>
      overWebSocket(t, async (client) => {
        const hello = connect(t.version, t.withCredentials({ clientId: client.clientId }));
        const message = publish({ topic: t.topic(), payload: 'x' });
        client.send(hello, subscribe(1, [t.topic()]), message, pingreq, 'c0');
        await client.find('connack', { reasonCode: 0 });
        await client.find('suback', { packetId: 1 });
        await client.find('publish', { payload: 'x' });
        await client.find('pingresp');
        // The second half of a packet whose first half ended that frame.
        client.send('00');
        await client.find('pingresp');
      }),
  }),
  defineCase({
    name: 'websocket-frames-may-be-empty-or-continued',
    ids: { v5: ['MQTT-6.0.0-2'], v311: ['MQTT-6.0.0-2'] },
    versions,
    needs,
    run: (t) =>
      overWebSocket(t, async (client, socket) => {
        socket.frame(opcodes.binary);
        await client.connect(t.withCredentials());
        const whole = client.encode(subscribe(5, [t.topic()]));
        socket.frame(opcodes.binary, whole.subarray(0, 4), false);
        socket.frame(opcodes.continuation, bytes(), false);
        // Control frames may come between the parts of a message.
        socket.frame(opcodes.ping, bytes('61 62'));
        socket.frame(opcodes.continuation, whole.subarray(4), true);
        socket.frame(opcodes.binary);
        await client.expect('suback', { packetId: 5 });
        t.check('MQTT-6.0.0-2', socket.pongs.join() === 'ab', 'a ping was not answered');
      }),
  }),
  defineCase({
    name: 'websocket-text-closes',
    ids: { v5: ['MQTT-6.0.0-1'], v311: ['MQTT-6.0.0-1'] },
    versions,
    needs,
    async run(t) {
      await overWebSocket(t, async (client, socket) => {
        await client.connect(t.withCredentials());
        socket.frame(opcodes.text, client.encode(pingreq));
        await client.expectClosed({ id: 'MQTT-6.0.0-1' });
      });
      await overWebSocket(t, async (client, socket) => {
        // Also where a CONNECT would be welcome.
        const hello = connect(t.version, t.withCredentials({ clientId: client.clientId }));
        socket.frame(opcodes.text, client.encode(hello));
        await client.expectClosed({ id: 'MQTT-6.0.0-1' });
      });
    },
  }),
  defineCase({
    name: 'websocket-that-closes-without-disconnect-publishes-the-will',
    ids: { v5: ['MQTT-3.1.2-8'], v311: ['MQTT-3.1.2-8'] },
    versions,
    needs,
    run: (t) =>
      overWebSocket(t, async (client, socket) => {
        const watcher = await t.connect();
        await watcher.subscribe(t.topic());
        await client.connect(t.withCredentials({ will: { topic: t.topic(), payload: 'will' } }));
        socket.frame(opcodes.close, bytes('03 e8'));
        await watcher.expectMessage({ payload: 'will' });
      }),
  }),
  defineCase({
    name: 'websocket-ping-keeps-nobody-alive',
    ids: { v5: ['MQTT-3.1.2-22'], v311: ['MQTT-3.1.2-24'] },
    versions,
    needs,
    run: (t) =>
      overWebSocket(t, async (client, socket) => {
        await client.connect(t.withCredentials({ keepAlive: 1 }));
        const timer = setInterval(() => socket.frame(opcodes.ping), 200);
        try {
          await client.expectClosed({ codes: [0x8d], withinMs: 8_000 });
        } finally {
          clearInterval(timer);
        }
      }),
  }),
];

/** WebSocket: section 6 of both standards. */
export const websocketCases: readonly ConformanceCase[] = [...handshake, ...framing];
