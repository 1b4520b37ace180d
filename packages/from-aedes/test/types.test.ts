import type { AedesOptions } from 'aedes';
import { expect, it } from 'vitest';
import { fromAedes } from '../src/from-aedes.ts';

it('takes handlers that were typed with the types of Aedes', () => {
  const handlers: Required<
    Pick<
      AedesOptions,
      | 'preConnect'
      | 'authenticate'
      | 'authorizePublish'
      | 'authorizeSubscribe'
      | 'authorizeForward'
      | 'published'
    >
  > = {
    preConnect: (client, _packet, callback) => callback(null, client.conn !== undefined),
    authenticate: (client, username, _password, done) => done(null, client.id === username),
    authorizePublish: (_client, packet, callback) =>
      callback(packet.topic === 'a' ? new Error('no') : null),
    authorizeSubscribe: (_client, subscription, callback) => callback(null, subscription),
    authorizeForward: (client, packet) => (client.id === 'x' ? null : packet),
    published: (_packet, _client, callback) => callback(null),
  };
  expect(fromAedes(handlers).name).toBe('from-aedes');
});
