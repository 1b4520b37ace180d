import { deepEqual, equal, ok } from 'node:assert/strict';
import { type Cast, login, type Scene } from './scene.ts';
import type { Word, Words } from './words.ts';

/** One step of the script, as script.md tells it. */
export interface Step {
  readonly name: string;
  isFor(cast: Cast): boolean;
  /** Throws when the client, the broker or this script is wrong. */
  run(scene: Scene): Promise<void>;
}

const payloads = ['zero', 'one'.repeat(20_000), 'two-☃'] as const;
const everybody = () => true;

/** What of a message every client tells. */
function gist(words: Words): string[] {
  return ['topic', 'qos', 'retain', 'payload'].map((name) => words.need(name));
}

function byQos(messages: readonly Words[]): Words[] {
  return messages.toSorted((one, other) => Number(one.need('qos')) - Number(other.need('qos')));
}

const properties = {
  contentType: 'text/plain',
  responseTopic: 'answers/here',
  correlationData: 'question-7',
  userProperties: { colour: 'grün', shape: '' },
} as const;
const expirySeconds = 1000;

/** What is left of an expiry: whole seconds may pass on a busy machine. */
function isExpiry(seconds: number): boolean {
  return seconds > expirySeconds - 60 && seconds <= expirySeconds;
}

export const steps: readonly Step[] = [
  {
    name: 'publish',
    isFor: everybody,
    async run(scene) {
      const topic = scene.topic('out');
      const other = await scene.otherSide(topic);
      const client = await scene.connect('publisher');
      for (const [qos, payload] of payloads.entries()) {
        await client.tell('publish', [
          ['topic', topic],
          ['qos', qos],
          ['payload', payload],
        ]);
        const { properties: _, ...seen } = await other.messages.next();
        deepEqual(seen, { topic, payload, qos, retain: false });
      }
      await client.leave();
    },
  },
  {
    name: 'receive',
    isFor: everybody,
    async run(scene) {
      const topic = scene.topic('in');
      const other = await scene.otherSide();
      const client = await scene.connect('subscriber');
      await client.tell('subscribe', [
        ['filter', scene.topic('+')],
        ['qos', 2],
      ]);
      for (const [qos, payload] of payloads.entries()) {
        await other.publish(topic, payload, { qos: qos as 0 | 1 | 2 });
      }
      const received = byQos(await client.messages.take(payloads.length));
      deepEqual(
        received.map(gist),
        payloads.map((payload, qos) => [topic, String(qos), '0', payload]),
      );
      await client.leave();
    },
  },
  {
    name: 'retained',
    isFor: everybody,
    async run(scene) {
      const topic = scene.topic('kept');
      const keep = async (payload: string) => {
        const client = await scene.connect('keeper');
        await client.tell('publish', [
          ['topic', topic],
          ['qos', 1],
          ['retain', 1],
          ['payload', payload],
        ]);
        await client.leave();
      };
      await keep('kept');
      const other = await scene.otherSide(topic);
      const seen = await other.messages.next();
      deepEqual([seen.payload, seen.retain], ['kept', true]);
      const client = await scene.connect('late');
      await client.tell('subscribe', [
        ['filter', topic],
        ['qos', 1],
      ]);
      deepEqual(gist(await client.messages.next()), [topic, '1', '1', 'kept']);
      await keep('');
      deepEqual(gist(await client.messages.next()), [topic, '1', '0', '']);
      await client.leave();
      const later = await scene.otherSide(topic);
      await other.publish(topic, 'live', { qos: 1 });
      equal((await later.messages.next()).payload, 'live');
    },
  },
  {
    name: 'will',
    isFor: everybody,
    async run(scene) {
      const topic = scene.topic('will');
      const other = await scene.otherSide(topic);
      const mortal = (payload: string) =>
        scene.connect(payload, [
          ['will-topic', topic],
          ['will-payload', payload],
        ]);
      await (await mortal('polite')).leave();
      await (await mortal('killed')).kill();
      const { properties: _, ...seen } = await other.messages.next();
      deepEqual(seen, { topic, payload: 'killed', qos: 1, retain: false });
    },
  },
  {
    name: 'restart',
    isFor: everybody,
    async run(scene) {
      const topic = scene.topic('queue');
      const durable: readonly Word[] = [['durable', 1]];
      const subscription: readonly Word[] = [
        ['filter', topic],
        ['qos', 2],
      ];
      const before = await scene.connect('durable', durable);
      await before.tell('subscribe', subscription);
      await before.leave();
      const other = await scene.otherSide();
      await other.publish(topic, 'first', { qos: 1 });
      await other.publish(topic, 'second', { qos: 2 });
      await scene.restart();

      const [after, answer] = await scene.attempt('durable', durable);
      ok(
        answer.verb === 'ok' && answer.words.get('session') !== '0',
        `${answer.verb} ${answer.words}`,
      );
      await after.tell('subscribe', subscription);
      const queued = byQos(await after.messages.take(2));
      deepEqual(queued.map(gist), [
        [topic, '1', '0', 'first'],
        [topic, '2', '0', 'second'],
      ]);
      await (await scene.otherSide()).publish(topic, 'live', { qos: 1 });
      equal((await after.messages.next()).need('payload'), 'live');
      await after.leave();
    },
  },
  {
    name: 'shared',
    isFor: everybody,
    async run(scene) {
      const topic = scene.topic('work');
      const members = await Promise.all(['one', 'other'].map((id) => scene.connect(id)));
      for (const member of members) {
        await member.tell('subscribe', [
          ['filter', `$share/${scene.cast.client.name}/${topic}`],
          ['qos', 1],
        ]);
      }
      const jobs = Array.from({ length: 10 }, (_, index) => `job-${index}`);
      const done: string[][] = members.map(() => []);
      const all = new Promise<void>((resolve, reject) => {
        for (const [index, member] of members.entries()) {
          const read = async (): Promise<void> => {
            done[index]?.push((await member.messages.next()).need('payload'));
            if (done.flat().length >= jobs.length) resolve();
            else await read();
          };
          // One that waits for more than its share runs into its end: that is no error.
          read().catch((error) => done.flat().length < jobs.length && reject(error));
        }
      });
      const other = await scene.otherSide();
      for (const job of jobs) await other.publish(topic, job, { qos: 1 });
      await all;
      deepEqual(done.flat().toSorted(), jobs);
      ok(
        done.every((share) => share.length > 0),
        'one member got all',
      );
      await Promise.all(members.map((member) => member.leave()));
    },
  },
  {
    name: 'properties',
    isFor: ({ version }) => version === 5,
    async run(scene) {
      const out = scene.topic('out');
      const other = await scene.otherSide(out);
      const client = await scene.connect('described');
      const { contentType, responseTopic, correlationData, userProperties } = properties;
      const pairs = Object.entries(userProperties).map(([name, value]) => `${name}:${value}`);
      await client.tell('publish', [
        ['topic', out],
        ['qos', 1],
        ['payload', 'described'],
        ['content-type', contentType],
        ['response-topic', responseTopic],
        ['correlation-data', correlationData],
        ['expiry', expirySeconds],
        ...pairs.map((pair): Word => ['user-property', pair]),
      ]);
      const { messageExpiryInterval = 0, ...seen } = (await other.messages.next()).properties;
      deepEqual(seen, properties);
      ok(isExpiry(messageExpiryInterval), `expiry ${messageExpiryInterval}`);

      await client.tell('subscribe', [
        ['filter', scene.topic('in')],
        ['qos', 1],
      ]);
      await other.publish(scene.topic('in'), 'described', {
        qos: 1,
        properties: {
          ...{ contentType, responseTopic, userProperties },
          correlationData: Buffer.from(correlationData),
          messageExpiryInterval: expirySeconds,
        },
      });
      const got = await client.messages.next();
      deepEqual(
        ['content-type', 'response-topic', 'correlation-data'].map((name) => got.get(name)),
        [contentType, responseTopic, correlationData],
      );
      deepEqual(got.all('user-property'), pairs);
      ok(isExpiry(Number(got.get('expiry'))), `expiry ${got.get('expiry')}`);
      await client.leave();
    },
  },
  {
    name: 'refused login',
    isFor: everybody,
    async run(scene) {
      const { user, password } = login;
      const credentials = (secret: string): Word[] => [
        ['user', user],
        ['password', secret],
      ];
      const [, { verb, words }] = await scene.attempt('intruder', credentials('abracadabra'));
      equal(verb, 'refused');
      // Some libraries tell codes of 5.0 for those of 3.1.1.
      const codes = scene.cast.version === 5 ? [0x86, 0x87] : [4, 5, 0x86, 0x87];
      ok(codes.includes(Number(words.need('code'))), `refused with ${words}`);
      await (await scene.connect('rita', credentials(password))).leave();
    },
  },
  {
    name: 'refused publish',
    isFor: everybody,
    async run(scene) {
      const forbidden = `forbidden/${scene.prefix}`;
      const allowed = scene.topic('allowed');
      const other = await scene.otherSide(forbidden);
      await other.subscribe(allowed);
      const client = await scene.connect('rita', [
        ['user', login.user],
        ['password', login.password],
      ]);
      const { version, client: foreign } = scene.cast;
      const told = version === 5 ? (foreign.refusedPublish ?? [`refused code=${0x87}`]) : ['ok'];
      for (const qos of [1, 2]) {
        const { verb, words } = await client.ask('publish', [
          ['topic', forbidden],
          ['qos', qos],
          ['payload', 'refused'],
        ]);
        equal(`${verb} ${words}`.trim(), told[qos - 1] ?? told[0]);
      }
      await client.tell('publish', [
        ['topic', allowed],
        ['qos', 1],
        ['payload', 'allowed'],
      ]);
      equal((await other.messages.next()).payload, 'allowed');
      await client.leave();
    },
  },
];
