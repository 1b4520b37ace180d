import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { hashPassword } from '@sluice/auth';
import { PacketType } from '@sluice/packet';
import { Child, freePort } from './child.ts';
import { columns, formatNumber } from './format.ts';
import { LoginClient } from './login-client.ts';

const logins = 100;
const calmMs = 3_000;
const password = 'correct horse';

/** Milliseconds: of a message's way to its acknowledgement, which is durable, and to a subscriber. */
interface Latencies {
  readonly commit: number[];
  readonly delivery: number[];
}

/** Times those who are connected while 100 clients log in at once, with the usual passwords and LevelDB. */
export async function loginsCommand(): Promise<number> {
  const directory = await mkdtemp(join(os.tmpdir(), 'sluice-logins-'));
  const users = join(directory, 'users.json');
  const entry = { name: 'anna', password: await hashPassword(password) };
  await writeFile(users, JSON.stringify({ users: [entry] }));
  const port = await freePort();
  const server = new Child({
    program: process.execPath,
    arguments: [
      fileURLToPath(import.meta.resolve('@sluice/server')).replace(/index\.js$/, 'cli.js'),
      ...['start', '--port', String(port), '--ws-port', '0', '--users', users],
      ...['--data', join(directory, 'data')],
    ],
  });
  try {
    await server.listens(port, 10_000);
    await measure(port);
  } finally {
    await server.stop(5_000);
    await rm(directory, { recursive: true });
  }
  return 0;
}

async function measure(port: number): Promise<void> {
  const connect = (clientId: string) => LoginClient.connect(port, clientId, 'anna', password);
  const [sender, receiver] = [await connect('sender'), await connect('receiver')];
  await receiver.request(PacketType.suback, {
    type: PacketType.subscribe,
    packetId: 1,
    properties: {},
    subscriptions: [
      { filter: 'a', qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 },
    ],
  });
  const calm = await timed(sender, receiver, delay(calmMs));
  const began = performance.now();
  const all = Promise.all(Array.from({ length: logins }, (_, n) => connect(`client-${n}`)));
  const busy = await timed(sender, receiver, all);
  const tookMs = performance.now() - began;
  for (const client of [sender, receiver, ...(await all)]) client.end();
  console.log(
    columns([
      ['ms', 'messages', 'commit p50', 'p99', 'delivery p50', 'p99'],
      row('calm', calm),
      row(`${logins} logins`, busy),
    ]),
  );
  console.log(`${logins} logins took ${formatNumber(tookMs)} ms`);
}

/** Publishes one message after the other until something is over. */
async function timed(
  sender: LoginClient,
  receiver: LoginClient,
  end: Promise<unknown>,
): Promise<Latencies> {
  const latencies: Latencies = { commit: [], delivery: [] };
  let isOver = false;
  void end.finally(() => {
    isOver = true;
  });
  let began = 0;
  receiver.onMessage = () => latencies.delivery.push(performance.now() - began);
  while (!isOver) {
    began = performance.now();
    await sender.request(PacketType.puback, {
      type: PacketType.publish,
      topic: 'a',
      payload: Buffer.alloc(64),
      qos: 1,
      retain: false,
      dup: false,
      packetId: 1,
      properties: {},
    });
    latencies.commit.push(performance.now() - began);
  }
  return latencies;
}

function row(name: string, { commit, delivery }: Latencies): string[] {
  const figures = [commit, delivery].flatMap((times) => [part(times, 0.5), part(times, 0.99)]);
  return [name, String(commit.length), ...figures.map((ms) => ms.toFixed(2))];
}

function part(times: readonly number[], share: number): number {
  const sorted = times.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
