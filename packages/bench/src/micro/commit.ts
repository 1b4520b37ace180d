import { commitParts } from './core-parts.ts';
import type { MicroBenchmark } from './micro-benchmark.ts';

const operations = 1_000;

/** Operations on their way to a store that takes no time: many in a turn, one in a turn, and with one who waits for each. */
export async function commitBenchmarks(): Promise<MicroBenchmark[]> {
  return [
    await benchmark('1,000 operations in a turn', operations, false),
    await benchmark('1,000 operations in a turn, each waited for', operations, true),
    await benchmark('one operation in a turn, waited for', 1, true),
  ];
}

async function benchmark(
  name: string,
  perTurn: number,
  isAwaited: boolean,
): Promise<MicroBenchmark> {
  const { commits, endTurn, written } = await commitParts();
  let told = 0;
  const waiter = { onCommitted: () => void told++ };
  return {
    group: 'commit',
    name,
    operations,
    run() {
      const before = written();
      told = 0;
      for (let index = 0; index < operations; index++) {
        commits.add({ type: 'receive', session: 1, packetId: index });
        if (isAwaited) commits.wait(waiter);
        if ((index + 1) % perTurn === 0) endTurn();
      }
      const count = written() - before;
      if (count !== operations) throw new Error(`${count} operations of ${operations} written`);
      if (isAwaited && told !== operations) throw new Error(`${told} of ${operations} were told`);
    },
  };
}
