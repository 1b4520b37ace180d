import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, it } from 'vitest';
import { AttackWorld } from './attack-world.ts';
import { allAttacks } from './attacks/index.ts';
import { Canary } from './canary.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const mebibyte = 1_048_576;
// Only what is really broken misses these: the machine may be busy with other tests.
const maxSilenceMs = 2_000;
const maxDuringBytes = 150 * mebibyte;
const maxAfterBytes = 60 * mebibyte;

const tables = [
  'connections',
  'clients',
  'sessions',
  'subscriptions',
  'retainedMessages',
  'retainedBytes',
] as const;

function memoryBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function tablesOf({ broker: { stats } }: AttackWorld): Map<string, number> {
  return new Map(tables.map((name) => [name, stats[name]]));
}

let world: AttackWorld | undefined;

afterEach(async () => {
  await world?.dropAll();
  await world?.broker.close({ graceMs: 100 });
  world = undefined;
});

describe('while a canary pair goes on beside it', () => {
  it.each(allAttacks.map((attack) => [`${attack.id} ${attack.name}`, attack] as const))(
    '%s',
    async (_, attack) => {
      const { limits = {}, plugins = [], fills = [] } = attack;
      const running = await AttackWorld.start({ limits, plugins });
      world = running;
      const canary = new Canary(running.broker);
      await running.until(() => canary.received > 0, 'the canary sings');
      const tablesBefore = tablesOf(running);
      const bytesBefore = memoryBytes();

      await attack.run(running);
      const bytesDuring = memoryBytes();
      await running.dropAll();
      const tablesAfter = tablesOf(running);
      const bytesAfter = memoryBytes();

      const { sent, received, slowestMs } = await canary.stop(maxSilenceMs);
      expect(received).toBe(sent);
      expect(slowestMs).toBeLessThan(maxSilenceMs);
      expect(bytesDuring - bytesBefore).toBeLessThan(maxDuringBytes);
      expect(bytesAfter - bytesBefore).toBeLessThan(maxAfterBytes);
      // Only hooks that are made to fail have something to report.
      if (plugins.length === 0) expect(running.errors).toEqual([]);
      for (const name of fills) {
        tablesBefore.delete(name);
        tablesAfter.delete(name);
      }
      expect(tablesAfter).toEqual(tablesBefore);
    },
  );
});
