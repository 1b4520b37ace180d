/**
 * mosquitto_pub and mosquitto_sub, told what to do line by line: see script.md. A connection that
 * only waits is a mosquitto_pub that reads nothing; each subscription and each message has a
 * connection of its own.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Word, Words } from '../../words.ts';
import { authority, follow, host, port, Refused, say, version } from './program.ts';

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** What `-F %j` prints. */
interface Printed {
  readonly topic: string;
  readonly payload: string | null;
  readonly qos: number;
  readonly retain: number;
  readonly properties?: Readonly<Record<string, string | number>> & {
    readonly 'user-properties'?: Readonly<Record<string, string>>;
  };
}

const refusals: readonly [RegExp, number][] = [
  [/bad user name or password/i, 0x86],
  [/not authori[sz]ed/i, 0x87],
];

let connected: Words;
let held: Child;
let subscriber: Child | undefined;

const broker = [
  ...['-h', host, '-p', port, '-V', version === '5' ? 'mqttv5' : 'mqttv311'],
  ...(authority ? ['--cafile', authority] : []),
];

function login(): string[] {
  const user = connected.get('user');
  return user === undefined ? [] : ['-u', user, '-P', connected.need('password')];
}

/** Through a pipe its lines would wait for a full buffer. */
function run(program: string, args: readonly string[]): Child {
  return spawn('stdbuf', ['-oL', program, ...broker, ...login(), ...args]);
}

function errorOf(text: string): Error {
  const refusal = refusals.find(([pattern]) => pattern.test(text));
  return refusal === undefined ? new Error(text.trim()) : new Refused(refusal[1]);
}

/** Waits until the program prints this. Rejects with what it complains of. */
function printed(child: Child, pattern: RegExp, onLine?: (line: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    child.once('close', () => reject(errorOf(complaint)));
    createInterface(child.stdout).on('line', (line) => {
      if (pattern.test(line)) resolve();
      else onLine?.(line);
    });
  });
}

function sayMessage(line: string): void {
  if (!line.startsWith('{')) return;
  const { topic, payload, qos, retain, properties = {} } = JSON.parse(line) as Printed;
  const { 'user-properties': pairs = {}, ...others } = properties;
  say('message', [
    ['topic', topic],
    ['qos', qos],
    ['retain', retain],
    ['payload', payload ?? ''],
    ['content-type', others['content-type']],
    ['response-topic', others['response-topic']],
    ['correlation-data', others['correlation-data']],
    ['expiry', others['message-expiry-interval']],
    ...Object.entries(pairs).map(([name, value]): Word => ['user-property', `${name}:${value}`]),
  ]);
}

function propertyArgs(words: Words): string[] {
  const property = (name: string, value = words.get(name)): string[] =>
    value === undefined ? [] : ['-D', 'publish', name, value];
  return [
    ...property('content-type'),
    ...property('response-topic'),
    ...property('correlation-data'),
    ...property('message-expiry-interval', words.get('expiry')),
    ...words
      .all('user-property')
      .flatMap((pair) => ['-D', 'publish', 'user-property', ...pair.split(':')]),
  ];
}

await follow({
  async connect(words) {
    connected = words;
    subscriber = undefined;
    const willTopic = words.get('will-topic');
    const will = willTopic
      ? ['--will-topic', willTopic, '--will-payload', words.need('will-payload'), '--will-qos', '1']
      : [];
    const id = ['-i', `${words.need('id')}-held`];
    held = run('mosquitto_pub', ['-d', '-l', '-t', 'nothing', ...id, ...will]);
    await printed(held, /received CONNACK \(0\)/);
    return [];
  },
  async subscribe(words) {
    const id = ['-i', connected.need('id')];
    const durable = connected.is('durable');
    const session = durable ? ['-c'] : [];
    if (durable && version === '5') session.push('-x', '3600');
    const filter = ['-t', words.need('filter'), '-q', words.need('qos')];
    subscriber = run('mosquitto_sub', ['-d', '-F', '%j', ...id, ...session, ...filter]);
    await printed(subscriber, /^Subscribed \(mid: \d+\): [012]/, sayMessage);
  },
  async publish(words) {
    const retain = words.is('retain') ? ['-r'] : [];
    const message = ['-t', words.need('topic'), '-m', words.need('payload')];
    const args = ['-q', words.need('qos'), ...retain, ...message, ...propertyArgs(words)];
    const child = run('mosquitto_pub', args);
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    const [code] = await once(child, 'close');
    if (code !== 0 || complaint !== '') throw errorOf(complaint);
  },
  async disconnect() {
    const ended = [held, ...(subscriber ? [subscriber] : [])].map((child) => once(child, 'close'));
    held.stdin.end();
    subscriber?.kill('SIGTERM');
    await Promise.all(ended);
  },
});
