import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { text } from 'node:stream/consumers';
import { connect as connectTls } from 'node:tls';
import { MessageChannel } from 'node:worker_threads';
import { type Broker, createBroker } from '@sluice/core';
import type { DisconnectedEvent } from '@sluice/plugin';
import { type IClientOptions, MqttClient } from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import * as http2 from '../../docs/examples/transports/http2.ts';
import * as messagePort from '../../docs/examples/transports/message-port.ts';
import { MessagePortStream } from '../../docs/examples/transports/message-port-stream.ts';
import * as serialPort from '../../docs/examples/transports/serial-port.ts';
import * as ssh from '../../docs/examples/transports/ssh.ts';
import * as tlsAlpn from '../../docs/examples/transports/tls-alpn.ts';
import { serverFiles, trust } from '../../packages/server/test/certificates.ts';
import { foreignPrograms, foreignTest } from '../support/foreign.ts';
import { tryStream } from '../support/stream-trial.ts';
import { greeted } from './guest.ts';
import { SerialCable } from './serial-cable.ts';

let running: { readonly broker: Broker; close(): Promise<void> };

afterEach(() => running.close());

describe('http2', () => {
  it('carries MQTT on streams', async () => {
    const server = await http2.start({ port: 0 });
    running = server;
    await tryStream(() => http2.dial(`http://127.0.0.1:${server.port}`));
  });

  it('carries several clients on one connection, beside other requests', async () => {
    const server = await http2.start({ port: 0 });
    running = server;
    const session = connectHttp2(`http://127.0.0.1:${server.port}`);
    await tryStream(() => session.request({ ':method': 'POST', ':path': '/mqtt' }));
    const elsewhere = session.request({ ':path': '/' });
    const [headers] = await once(elsewhere, 'response');
    expect(headers[':status']).toBe(404);
    session.close();
  });
});

describe('ssh', () => {
  it('carries MQTT through channels, for those who prove that they own their key', async () => {
    const [anna, eve] = [ssh.generateKeys(), ssh.generateKeys()];
    const server = await ssh.start({ port: 0, users: { anna: anna.public } });
    running = server;
    const identities = new Set<string>();
    server.broker.on('connected', ({ client }) => identities.add(client.identity));
    // MQTT.js wants a stream at once: these are as many as the trial dials.
    const channels = await Promise.all(
      Array.from({ length: 4 }, () => ssh.dial(server.port, 'anna', anna.private)),
    );
    await tryStream(() => channels.pop() ?? expect.fail('dialled too often'));
    expect([...identities]).toEqual(['anna']);

    await expect(ssh.dial(server.port, 'anna', eve.private)).rejects.toThrow('authentication');
    await expect(ssh.dial(server.port, 'eve', anna.private)).rejects.toThrow('authentication');
  });

  it('ends the connections that are open when it is closed', async () => {
    const keys = ssh.generateKeys();
    const server = await ssh.start({ port: 0, users: { anna: keys.public } });
    running = server;
    const connection = await ssh.logIn(server.port, 'anna', keys.private);
    const ended = once(connection, 'close');
    await server.close();
    await ended;
  });
});

describe('tls-alpn', () => {
  const files = { cert: readFileSync(serverFiles.cert), key: readFileSync(serverFiles.key) };

  it('serves MQTT and HTTPS on one port', async () => {
    const server = await tlsAlpn.start({ port: 0, ...files });
    running = server;
    const host = '127.0.0.1';
    const dial = (protocols: readonly string[]) =>
      connectTls({ port: server.port, host, ...trust, ALPNProtocols: [...protocols] });
    await tryStream(() => dial(['mqtt']));
    await tryStream(() => connectTls({ port: server.port, host, ...trust }));

    const socket = dial(['http/1.1']);
    const request = get({ createConnection: () => socket });
    const [response] = await once(request, 'response');
    expect(await text(response)).toMatch(/^\d+ clients are connected\n$/);

    const [refused] = await once(dial(['h2']), 'error');
    expect(refused.message).toMatch(/no application protocol/i);
  });
});

describe('message-port', () => {
  it('has a worker thread as a client', async () => {
    const example = await messagePort.start();
    running = example;
    const answers = example.broker.subscribe('factors/+');
    await example.broker.publish({ topic: 'factor/year', payload: '2026', qos: 1 });
    for await (const { topic, payload } of answers) {
      expect(`${topic} ${payload}`).toBe('factors/year 2 1013');
      break;
    }
  });

  it('carries all that a stream has to, both ways', async () => {
    const broker = await createBroker();
    running = { broker, close: () => broker.close() };
    await tryStream(() => {
      const { port1, port2 } = new MessageChannel();
      broker.handle(new MessagePortStream(port1));
      return new MessagePortStream(port2);
    });
  });

  it('sends no more than the other side takes', async () => {
    const broker = await createBroker();
    running = { broker, close: () => broker.close() };
    const { port1, port2 } = new MessageChannel();
    const [sender, receiver] = [new MessagePortStream(port1), new MessagePortStream(port2)];
    const chunk = Buffer.alloc(16_384);
    while (sender.write(chunk));
    await new Promise((resolve) => setImmediate(resolve));
    expect(receiver.readableLength).toBeLessThanOrEqual(2 * receiver.readableHighWaterMark);
    expect(sender.writableNeedDrain).toBe(true);
    receiver.resume();
    await once(sender, 'drain');
    const ended = once(receiver, 'end');
    sender.end();
    await ended;
    receiver.destroy();
    await once(sender, 'close');
  });
});

describe('serial-port', () => {
  foreignTest([foreignPrograms.python], 'serves one client after another', async () => {
    const cable = await SerialCable.lay();
    try {
      const example = await serialPort.start({ path: cable.near });
      running = example;
      for (const clientId of ['first', 'second']) {
        const options: IClientOptions = { protocolVersion: 5, reconnectPeriod: 0, clientId };
        const { client, next } = await greeted(
          new MqttClient(() => serialPort.dial({ path: cable.far }), options),
        );
        const text = 'x'.repeat(10_000);
        await client.subscribeAsync('machine/#', { qos: 1 });
        await client.publishAsync('machine/report', text, { qos: 1 });
        expect(await next()).toBe(`machine/report ${text}`);
        const left = once(example.broker, 'disconnected') as Promise<[DisconnectedEvent]>;
        await client.endAsync();
        expect((await left)[0]).toMatchObject({ client: { clientId }, by: 'client' });
      }
    } finally {
      await cable.remove();
    }
  });
});
