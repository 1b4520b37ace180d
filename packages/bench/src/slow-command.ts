import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { PacketType } from '@sluice/packet';
import { BenchError } from './bench-error.ts';
import { Child, freePort } from './child.ts';
import { columns, formatNumber } from './format.ts';
import { LoginClient } from './login-client.ts';

const calmMs = 10_000;
// Little enough that this process keeps up with all subscribers; in 30 seconds more than the kernel takes of one that stalls.
const messagesPerSecond = 5;
const payloadBytes = 16_384;

/** What one phase showed. */
interface Phase {
  /** Ways to those who read, in milliseconds, sorted. */
  readonly deliveryMs: readonly number[];
  /** From PUBLISH to PUBACK, in milliseconds, sorted. */
  readonly commitMs: readonly number[];
  readonly sent: number;
  readonly peakMiB: number;
}

/** Times those who read while a tenth of all subscribers stops reading: `--clients 1000 --seconds 30`. */
export async function slowCommand(words: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      clients: { type: 'string', default: '1000' },
      seconds: { type: 'string', default: '30' },
    },
  });
  const clients = wholeNumber('clients', values.clients, 10, 10_000);
  const seconds = wholeNumber('seconds', values.seconds, 1, 600);
  const directory = await mkdtemp(join(os.tmpdir(), 'sluice-slow-'));
  const port = await freePort();
  const server = new Child({
    program: process.execPath,
    arguments: [
      fileURLToPath(import.meta.resolve('@sluice/server')).replace(/index\.js$/, 'cli.js'),
      ...['start', '--port', String(port), '--ws-port', '0', '--data', join(directory, 'data')],
    ],
  });
  try {
    await server.listens(port, 10_000);
    return await measure(port, server.pid, clients, seconds * 1_000);
  } finally {
    await server.stop(5_000);
    await rm(directory, { recursive: true });
  }
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new BenchError(`--${name} must be a whole number from ${min} to ${max}.`);
}

async function measure(port: number, pid: number, count: number, ms: number): Promise<number> {
  const publisher = await LoginClient.connect(port, 'publisher', 'bench', '');
  const readers: LoginClient[] = [];
  for (let index = 0; index < count; index++) readers.push(await subscriber(port, index));
  const slow = readers.filter((_, index) => index % 10 === 0);
  const quick = readers.filter((_, index) => index % 10 !== 0);
  const calm = await phase(publisher, quick, pid, calmMs);
  for (const client of slow) client.pause();
  const busy = await phase(publisher, quick, pid, ms);
  for (const client of [publisher, ...readers]) client.end();

  const perSlowMiB = (busy.peakMiB - calm.peakMiB) / slow.length;
  const ratio = part(busy.deliveryMs, 0.99) / part(calm.deliveryMs, 0.99);
  console.log(
    columns([
      ['ms', 'deliveries', 'delivery p50', 'p99', 'puback p50', 'p99', 'sent/s', 'resident MiB'],
      row('all read', calm, calmMs),
      row(`${slow.length} of ${count} do not`, busy, ms),
    ]),
  );
  console.log(
    `p99 of those who read: ${ratio.toFixed(2)} times the calm one (may be 1.5); each of the others costs ` +
      `${perSlowMiB.toFixed(2)} MiB (may be 1.5)`,
  );
  const isThrottled = busy.commitMs.length < busy.sent * 0.99;
  if (isThrottled)
    console.log(`only ${busy.commitMs.length} of ${busy.sent} messages were acknowledged`);
  return ratio <= 1.5 && perSlowMiB <= 1.5 && !isThrottled ? 0 : 1;
}

/** Half of them with QoS 0, half with QoS 1. */
async function subscriber(port: number, index: number): Promise<LoginClient> {
  const client = await LoginClient.connect(port, `reader-${index}`, 'bench', '');
  const qos = index % 2 === 0 ? 0 : 1;
  await client.request(PacketType.suback, {
    type: PacketType.subscribe,
    packetId: 1,
    properties: {},
    subscriptions: [
      { filter: 'a', qos, noLocal: false, retainAsPublished: false, retainHandling: 0 },
    ],
  });
  return client;
}

/** Publishes at a constant rate, whatever becomes of it. */
async function phase(
  publisher: LoginClient,
  readers: readonly LoginClient[],
  pid: number,
  ms: number,
): Promise<Phase> {
  const [deliveryMs, commitMs]: [number[], number[]] = [[], []];
  for (const reader of readers) {
    reader.onMessage = ({ payload }) => {
      deliveryMs.push(performance.now() - Buffer.from(payload).readDoubleLE());
    };
  }
  const began = performance.now();
  let [sent, peakMiB] = [0, 0];
  while (performance.now() - began < ms) {
    const sentAt = performance.now();
    void publish(publisher, sentAt, (sent++ % 65_535) + 1).then(() => {
      commitMs.push(performance.now() - sentAt);
    });
    peakMiB = Math.max(peakMiB, residentMiB(pid));
    await delay(Math.max(0, began + (sent * 1_000) / messagesPerSecond - performance.now()));
  }
  await delay(500);
  const sorted = (times: number[]) => times.sort((one, other) => one - other);
  return { deliveryMs: sorted(deliveryMs), commitMs: sorted(commitMs), sent, peakMiB };
}

async function publish(publisher: LoginClient, sentAt: number, packetId: number): Promise<void> {
  const payload = Buffer.alloc(payloadBytes);
  payload.writeDoubleLE(sentAt);
  await publisher.request(PacketType.puback, {
    ...{ type: PacketType.publish, topic: 'a', payload, qos: 1, retain: false, dup: false },
    ...{ packetId, properties: {} },
  });
}

function residentMiB(pid: number): number {
  const [, kibibytes = '0'] =
    /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) / 1_024;
}

function row(name: string, { deliveryMs, commitMs, sent, peakMiB }: Phase, ms: number): string[] {
  const times = [deliveryMs, commitMs].flatMap((all) => [part(all, 0.5), part(all, 0.99)]);
  const figures = times.map((time) => time.toFixed(2));
  const rate = ((sent * 1_000) / ms).toFixed(1);
  return [name, formatNumber(deliveryMs.length), ...figures, rate, peakMiB.toFixed(0)];
}

function part(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
