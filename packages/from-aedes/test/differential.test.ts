import { describe, expect, it } from 'vitest';
import type { AedesClient, FromAedesOptions } from '../src/handlers.ts';
import { publish, received, type Side, sides, subscribe, visit } from './sides.ts';

interface Scenario {
  readonly name: string;
  /** Fresh ones for each broker, and what they noted. */
  handlers(notes: unknown[]): FromAedesOptions;
  /** What a client of MQTT.js sees. */
  play(side: Side): Promise<unknown>;
  readonly expected: unknown;
  readonly notes?: unknown[];
}

/** A client to which `authenticate` added something. */
type WithUser = AedesClient & { user?: { name: string | undefined } };

const later = (call: () => void): void => void setImmediate(call);

function refusing(returnCode?: number): FromAedesOptions {
  return {
    authenticate: (_client, _username, _password, callback) =>
      callback(Object.assign(new Error('no'), { returnCode }), null),
  };
}

const scenarios: Scenario[] = [
  {
    name: 'no handlers: everything is allowed',
    handlers: () => ({}),
    async play(side) {
      const visitor = await visit(side);
      const granted = await subscribe(visitor, 'a/#', 1);
      const answer = await publish(visitor, 'a/b', 'hello');
      return [visitor.outcome, granted, answer, await received(side, visitor)];
    },
    expected: ['connected', [1], 'acknowledged', ['a/b hello']],
  },
  {
    name: 'authenticate: user name and password, as they came',
    handlers: (notes) => ({
      authenticate(client, username, password, callback) {
        notes.push(client.id, client.version, client.clean, username, password?.toString());
        later(() => callback(null, true));
      },
    }),
    play: async (side) =>
      (await visit(side, { username: 'anna', password: 'secret', clientId: 'phone' })).outcome,
    expected: 'connected',
    notes: ['phone', 4, true, 'anna', 'secret'],
  },
  {
    name: 'authenticate: neither user name nor password',
    handlers: (notes) => ({
      authenticate(_client, username, password, callback) {
        notes.push(username, password);
        callback(null, true);
      },
    }),
    play: async (side) => (await visit(side)).outcome,
    expected: 'connected',
    notes: [undefined, undefined],
  },
  {
    name: 'authenticate: false',
    handlers: () => ({ authenticate: (_c, _u, _p, callback) => callback(null, false) }),
    play: async (side) => (await visit(side)).outcome,
    expected: 5,
  },
  ...[2, 3, 4, 5].map((returnCode) => ({
    name: `authenticate: an error with the return code ${returnCode}`,
    handlers: () => refusing(returnCode),
    play: async (side: Side) => (await visit(side)).outcome,
    expected: returnCode,
  })),
  ...[undefined, 1, 6].map((returnCode) => ({
    name: `authenticate: an error with the return code ${returnCode}, which is none to choose`,
    handlers: () => refusing(returnCode),
    play: async (side: Side) => (await visit(side)).outcome,
    expected: 5,
  })),
  {
    name: 'preConnect: changes CONNECT',
    handlers: (notes) => ({
      preConnect(client, packet, callback) {
        notes.push(client.id, packet.cmd, packet.clientId, packet.username);
        packet.clientId = `tenant-${packet.clientId}`;
        packet.username = 'ben';
        callback(null, true);
      },
      authenticate(client, username, _password, callback) {
        notes.push(client.id, username);
        callback(null, true);
      },
    }),
    play: async (side) => (await visit(side, { clientId: 'phone', username: 'anna' })).outcome,
    expected: 'connected',
    notes: [null, 'connect', 'phone', 'anna', 'tenant-phone', 'ben'],
  },
  {
    name: 'authorizePublish: an error ends the connection, and nobody gets the message',
    handlers: () => ({
      authorizePublish(_client, packet, callback) {
        later(() => callback(packet.topic === 'secret' ? new Error('no') : null));
      },
    }),
    async play(side) {
      const reader = await visit(side, { clientId: 'reader' });
      await subscribe(reader, '#');
      const writer = await visit(side, { clientId: 'writer' });
      const answers = [await publish(writer, 'open', '1'), await publish(writer, 'secret', '2')];
      await writer.closed;
      return [answers, await received(side, reader)];
    },
    expected: [['acknowledged', 'closed'], ['open 1']],
  },
  {
    name: 'authorizePublish: changes topic and payload',
    handlers: () => ({
      authorizePublish(client, packet, callback) {
        packet.topic = `${client?.id}/${packet.topic}`;
        packet.payload = Buffer.from(`${packet.payload}!`);
        callback(null);
      },
    }),
    async play(side) {
      const visitor = await visit(side);
      await subscribe(visitor, 'visitor/#', 1);
      await publish(visitor, 'a', 'hello');
      return (await visitorReceived(visitor)).slice(0, 1);
    },
    expected: ['visitor/a hello!'],
  },
  {
    name: 'authorizePublish, authorizeForward: take the payload away',
    handlers: () => ({
      authorizePublish(_client, packet, callback) {
        if (packet.topic === 'a') Reflect.set(packet, 'payload', null);
        callback(null);
      },
      authorizeForward(_client, packet) {
        if (packet.topic === 'b') Reflect.deleteProperty(packet, 'payload');
        return packet;
      },
    }),
    async play(side) {
      const visitor = await visit(side);
      await subscribe(visitor, '#');
      const answers = [await publish(visitor, 'a', 'hello'), await publish(visitor, 'b', 'hello')];
      return [answers, await received(side, visitor)];
    },
    expected: [
      ['acknowledged', 'acknowledged'],
      ['a ', 'b '],
    ],
  },
  {
    name: 'authorizePublish: of a will, which it may change',
    handlers: (notes) => ({
      authorizePublish(client, packet, callback) {
        notes.push(`${client?.id} ${packet.topic} ${packet.qos}`);
        if (packet.topic === 'gone') packet.payload = Buffer.from('changed');
        callback(packet.topic === 'never' ? new Error('no') : null);
      },
    }),
    async play(side) {
      const reader = await visit(side, { clientId: 'reader' });
      await subscribe(reader, '#');
      for (const topic of ['never', 'gone']) {
        const will = { topic, payload: Buffer.from('will'), qos: 1 as const, retain: false };
        const client = await visit(side, { clientId: topic, will });
        client.client.stream.destroy();
        await client.closed;
      }
      return await firstMessage(reader);
    },
    expected: 'gone changed',
    notes: ['never never 1', 'gone gone 1'],
  },
  {
    name: 'authorizeSubscribe: null refuses one filter',
    handlers: () => ({
      authorizeSubscribe: (_client, subscription, callback) =>
        callback(null, subscription.topic === 'secret' ? null : subscription),
    }),
    async play(side) {
      const visitor = await visit(side);
      const granted = await subscribe(visitor, ['open', 'secret', 'other'], 1);
      await publish(visitor, 'secret', '1');
      await publish(visitor, 'open', '2');
      return [granted, await received(side, visitor)];
    },
    // It is asked about the marker, too.
    expected: [[1, 128, 1], ['open 2']],
  },
  {
    name: 'authorizeSubscribe: another topic',
    handlers: () => ({
      authorizeSubscribe(client, subscription, callback) {
        if (subscription.topic === 'mine') subscription.topic = `clients/${client.id}`;
        later(() => callback(null, subscription));
      },
    }),
    async play(side) {
      const visitor = await visit(side);
      const granted = await subscribe(visitor, 'mine', 1);
      await publish(visitor, 'mine', '1');
      await publish(visitor, 'clients/visitor', '2');
      return [granted, await received(side, visitor)];
    },
    expected: [[1], ['clients/visitor 2']],
  },
  {
    name: 'authorizeSubscribe: an error ends the connection',
    handlers: () => ({
      authorizeSubscribe: (_client, { topic }, callback) => callback(new Error(`not ${topic}`)),
    }),
    async play(side) {
      const visitor = await visit(side);
      const answer = await subscribe(visitor, 'a');
      await visitor.closed;
      return answer;
    },
    expected: 'closed',
  },
  {
    name: 'authorizeForward: withholds and changes, live and retained',
    handlers: () => ({
      authorizeForward(client, packet) {
        if (packet.topic === 'secret' && client.id === 'reader') return null;
        if (packet.topic === 'changed') packet.payload = Buffer.from('other');
        return packet;
      },
    }),
    async play(side) {
      const writer = await visit(side, { clientId: 'writer' });
      await writer.client.publishAsync('changed', 'kept', { qos: 1, retain: true });
      await writer.client.publishAsync('secret', 'kept', { qos: 1, retain: true });
      const reader = await visit(side, { clientId: 'reader' });
      await subscribe(reader, '+', 1);
      await publish(writer, 'secret', 'live');
      await publish(writer, 'open', 'live');
      return (await received(side, reader)).toSorted();
    },
    expected: ['changed other', 'open live'],
  },
  {
    name: 'published: after it was routed, with the client that published',
    handlers: (notes) => ({
      published(packet, client, callback) {
        if (packet.topic.startsWith('a'))
          notes.push(`${packet.topic} ${packet.payload} ${client?.id}`);
        callback(null);
      },
    }),
    async play(side) {
      const visitor = await visit(side);
      await publish(visitor, 'a/b', '1');
      await publish(visitor, 'a/c', '2');
      return await received(side, visitor);
    },
    expected: [],
    notes: ['a/b 1 visitor', 'a/c 2 visitor'],
  },
  {
    name: 'the client is one object, to which handlers may add',
    handlers: (notes) => {
      const seen = new Set<AedesClient>();
      return {
        authenticate(client, username, _password, callback) {
          seen.add(client);
          (client as WithUser).user = { name: username };
          callback(null, true);
        },
        authorizeSubscribe(client, subscription, callback) {
          seen.add(client);
          callback(null, subscription);
        },
        authorizePublish(client, packet, callback) {
          if (client === null) return callback(null);
          seen.add(client);
          const name = (client as WithUser).user?.name;
          if (packet.topic === 'a') notes.push(name, seen.size, client.connected, client.closed);
          callback(null);
        },
      };
    },
    async play(side) {
      const visitor = await visit(side, { username: 'anna', password: '' });
      await subscribe(visitor, 'a');
      return await publish(visitor, 'a');
    },
    expected: 'acknowledged',
    notes: ['anna', 1, true, false],
  },
  {
    name: 'handlers are called as methods of the broker',
    handlers: (notes) => ({
      authenticate(_client, _username, _password, callback) {
        notes.push(this.connectedClients, this.closed);
        callback(null, true);
      },
      published(packet, _client, callback) {
        if (packet.topic !== 'ask') return callback(null);
        const answer = { cmd: 'publish', topic: 'answer', payload: 'yes', qos: 0, retain: false };
        this.publish(answer as never, (error) => callback(error));
      },
    }),
    async play(side) {
      const visitor = await visit(side);
      await subscribe(visitor, 'answer');
      await publish(visitor, 'ask');
      return await firstMessage(visitor);
    },
    expected: 'answer yes',
    notes: [0, false],
  },
  {
    name: 'a handler closes a client',
    handlers: () => ({
      authorizePublish(client, _packet, callback) {
        client?.close();
        callback(new Error('closed'));
      },
    }),
    async play(side) {
      const visitor = await visit(side);
      return await publish(visitor, 'a');
    },
    expected: 'closed',
  },
  {
    name: 'a handler subscribes a client, and sends to it alone',
    handlers: () => ({
      on: {
        clientReady(client) {
          client.subscribe({ topic: 'news', qos: 1 }, () => {
            const packet = {
              cmd: 'publish',
              topic: 'hello',
              payload: 'you',
              qos: 0,
              retain: false,
            };
            client.publish(packet as never, () => {});
          });
        },
      },
    }),
    async play(side) {
      const visitor = await visit(side);
      const hello = await firstMessage(visitor);
      await publish(visitor, 'news', '1');
      return [hello, await received(side, visitor)];
    },
    expected: ['hello you', ['hello you', 'news 1']],
  },
  {
    name: 'events in their order',
    handlers: (notes) => {
      const note = (event: string) => (client: AedesClient) => {
        if (client.id === 'visitor') notes.push(event);
      };
      return {
        on: {
          client: note('client'),
          clientReady: note('clientReady'),
          clientDisconnect: note('clientDisconnect'),
          subscribe: ([subscription], { id }) => {
            if (id === 'visitor') notes.push(`subscribe ${subscription?.topic}`);
          },
          unsubscribe: ([topic], { id }) => {
            if (id === 'visitor') notes.push(`unsubscribe ${topic}`);
          },
          publish: (packet, client) => {
            if (client?.id === 'visitor') notes.push(`publish ${packet.topic}`);
          },
          connackSent: ({ returnCode }, { id }) => {
            if (id === 'visitor') notes.push(`connackSent ${returnCode}`);
          },
        },
      };
    },
    async play(side) {
      const visitor = await visit(side);
      await subscribe(visitor, 'a', 1);
      const arrived = firstMessage(visitor);
      await publish(visitor, 'a');
      await arrived;
      await visitor.client.unsubscribeAsync('a');
      await visitor.client.endAsync();
      // A round trip of somebody else, so that all has happened.
      await publish(await visit(side, { clientId: 'other' }), 'x');
      return visitor.outcome;
    },
    expected: 'connected',
    notes: [
      'client',
      'connackSent 0',
      'clientReady',
      'subscribe a',
      'publish a',
      'unsubscribe a',
      'clientDisconnect',
    ],
  },
  {
    name: 'ack: of what a client acknowledged',
    handlers: (notes) => ({
      on: {
        ack: (_packet, { id }) => {
          notes.push(id);
        },
      },
    }),
    async play(side) {
      const visitor = await visit(side);
      await subscribe(visitor, 'a', 1);
      const arrived = firstMessage(visitor);
      await publish(visitor, 'a', '1');
      await arrived;
      return await received(side, visitor);
    },
    expected: ['a 1'],
    notes: ['visitor'],
  },
  {
    name: 'clientError: of what a handler refused',
    handlers: (notes) => ({
      authorizePublish: (_client, _packet, callback) => callback(new Error('not you')),
      on: {
        clientError: (client, error) => {
          notes.push(client.id, error.message);
        },
      },
    }),
    play: async (side) => await publish(await visit(side), 'a'),
    expected: 'closed',
    notes: ['visitor', 'not you'],
  },
  {
    name: 'clientError: of a client that breaks the protocol',
    handlers: (notes) => ({
      on: {
        clientError: (client) => {
          notes.push(client.id);
        },
      },
    }),
    play: async (side) => await publish(await visit(side), 'a/#'),
    expected: 'closed',
    notes: ['visitor'],
  },
];

async function firstMessage({ client, messages }: Awaited<ReturnType<typeof visit>>) {
  if (messages.length === 0) await new Promise((resolve) => client.once('message', resolve));
  return messages[0];
}

async function visitorReceived(visitor: Awaited<ReturnType<typeof visit>>) {
  await firstMessage(visitor);
  return visitor.messages;
}

describe.each(scenarios)('$name', ({ handlers, play, expected, notes: expectedNotes }) => {
  it.each(['aedes', 'sluice'] as const)('%s', async (name) => {
    const notes: unknown[] = [];
    const side = await sides[name](handlers(notes));
    expect(await play(side)).toEqual(expected);
    if (expectedNotes !== undefined) expect(notes).toEqual(expectedNotes);
    expect(side.errors).toEqual([]);
  });
});
