import { createEnvironment } from '@sluice/core';
import { coreModule } from './core-module.ts';
import type { MicroBenchmark } from './micro-benchmark.ts';

const messages = 1_000;

type Runner = (event: unknown) => unknown;

interface HookOptions {
  readonly filter?: { readonly topic: string };
}

/** What the broker keeps its hooks in. It is no part of what `@sluice/core` exports. */
interface HookTable {
  add(plugin: string, name: string, hook: unknown, options?: HookOptions): void;
  runners(): Readonly<Record<string, Runner>>;
}

const allowed = { allowed: true, grant: undefined };
const client = { clientId: 'c', attributes: {}, connection: { id: 'connection' } };
const message = { number: 1, topic: 'bench/in/042', qos: 1, retain: false, properties: {} };
const packet = { type: 3, topic: 'bench/in/042', qos: 1, retain: false, packetId: 1 };
const receivers = [{ clientId: 'r', sharedFilter: undefined, qos: 1 }];
const aboutMessage = () => ({ client, message });
const delivery = () => ({ client, message, qos: 1, retain: false });
const aboutPacket = () => ({ connection: client.connection, client, packet });

/** The hooks that run for each message or packet, and the event that the broker makes for each call. */
const events: readonly (readonly [name: string, event: () => unknown, answer?: unknown])[] = [
  ['packetReceived', aboutPacket],
  ['publish', aboutMessage],
  ['authorizePublish', () => ({ client, message, isWill: false }), allowed],
  ['retain', aboutMessage, allowed],
  ['route', () => ({ client, message, receivers })],
  ['selectShared', () => ({ sharedFilter: '$share/g/#', message, members: receivers })],
  ['enqueue', () => ({ client, message, qos: 1, queuedMessages: 0 }), allowed],
  ['published', () => ({ client, message, receivers: 1 })],
  ['authorizeDeliver', delivery, allowed],
  ['deliver', delivery],
  ['delivered', delivery],
  ['acknowledged', () => ({ client, message, qos: 1, reasonCode: 0 })],
  ['dropped', () => ({ clientId: 'r', message, reason: 'offline' })],
  ['packetSent', aboutPacket],
];

/** What a message costs where nobody registered a hook, and with one synchronous hook of each kind. */
export async function hookBenchmarks(): Promise<MicroBenchmark[]> {
  const newTable = await hookTables();
  return [
    benchmark('none', aboutMessage, runnerOf(newTable(), 'publish')),
    ...events.map(([name, newEvent, answer]) => {
      const table = newTable();
      table.add('bench', name, () => answer);
      return benchmark(`one ${name}`, newEvent, runnerOf(table, name));
    }),
    filtered('one published, filtered out', newTable(), 'other/#'),
    filtered('one published, filtered in', newTable(), 'bench/#'),
  ];
}

function filtered(name: string, table: HookTable, topic: string): MicroBenchmark {
  table.add('bench', 'published', () => undefined, { filter: { topic } });
  const event = () => ({ client, message, receivers: 1 });
  return benchmark(name, event, runnerOf(table, 'published'));
}

function runnerOf(table: HookTable, name: string): Runner | undefined {
  return table.runners()[name];
}

function benchmark(name: string, newEvent: () => unknown, run: Runner | undefined): MicroBenchmark {
  return {
    group: 'hooks',
    name,
    operations: messages,
    run() {
      let promises = 0;
      for (let index = 0; index < messages; index++) {
        if (run !== undefined && run(newEvent()) instanceof Promise) promises++;
      }
      if (promises > 0) throw new Error(`${promises} promises for a synchronous hook`);
    },
  };
}

/** Tables as the broker makes them, out of the files beside the entry of `@sluice/core`. */
async function hookTables(): Promise<() => HookTable> {
  const { HookTable: Table } = await coreModule<{
    HookTable: new (options: object) => HookTable;
  }>('hooks/hooks');
  const options = {
    hookTimeoutMs: 5_000,
    environment: createEnvironment(),
    reportError: (error: Error) => {
      throw error;
    },
  };
  return () => new Table(options);
}
