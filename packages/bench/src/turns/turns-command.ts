import { setImmediate as nextTurn } from 'node:timers/promises';
import { createBroker } from '@sluice/core';
import { columns } from '../format.ts';
import { LeapingClock } from './leaping-clock.ts';
import { quiet } from './quiet.ts';
import { TurnWatch } from './turn-watch.ts';
import { works } from './works.ts';

const maxClients = 200_000;

/** Shows how long one turn of the event loop is held by what a broker may have to do at once. */
export async function turnsCommand(words: readonly string[]): Promise<number> {
  const rows = [['', 'longest turn, ms', 'p99', 'its own, longest', 'collection', 'turns', 'took']];
  for (const work of works) {
    if (words.length > 0 && !words.some((word) => work.name.includes(word))) continue;
    rows.push([work.name, ...(await measure(work.prepare))]);
  }
  console.log(columns(rows));
  return 0;
}

async function measure(prepare: (typeof works)[number]['prepare']): Promise<string[]> {
  const clock = new LeapingClock();
  const broker = await createBroker({
    environment: clock.environment,
    limits: { maxSessions: maxClients, maxConnections: maxClients },
  });
  const begin = await prepare(broker, clock);
  await quiet(broker);
  globalThis.gc?.();
  const watch = new TurnWatch();
  await nextTurn();
  const began = performance.now();
  begin();
  const ended = await quiet(broker);
  const { longestMs, p99Ms, longestOwnMs, longestCollectionMs, turns } = await watch.stop();
  void broker.close({ graceMs: 0 });
  await quiet(broker);
  const figures = [longestMs, p99Ms, longestOwnMs, longestCollectionMs];
  return [...figures.map((figure) => figure.toFixed(1)), `${turns}`, (ended - began).toFixed(0)];
}
