import { type BrokerStats, ConnectionEnd, DropReason } from '@sluice/plugin';
import { droppedTotal, loadSpans, loads } from './loads.ts';
import type { Reading } from './reading.ts';

type Value = (reading: Reading) => string;

/** A counter or a gauge of the broker. */
function count(of: (stats: BrokerStats) => number): Value {
  return ({ stats }) => String(of(stats));
}

const fixed: readonly (readonly [name: string, value: Value])[] = [
  ['version', ({ version }) => `sluice version ${version}`],
  ['uptime', ({ uptimeSeconds }) => `${uptimeSeconds} seconds`],
  ['clients/connected', count(({ clients }) => clients)],
  ['clients/disconnected', count(({ sessions, clients }) => Math.max(0, sessions - clients))],
  ['clients/total', count(({ sessions }) => sessions)],
  ['clients/maximum', count(({ clientsMaximum }) => clientsMaximum)],
  ['clients/expired', count(({ sessionsExpired }) => sessionsExpired)],
  ['messages/received', count(({ packetsReceived }) => packetsReceived)],
  ['messages/sent', count(({ packetsSent }) => packetsSent)],
  ['publish/messages/received', count(({ messagesReceived }) => messagesReceived)],
  ['publish/messages/sent', count(({ messagesSent }) => messagesSent)],
  ['publish/messages/dropped', count(droppedTotal)],
  ['bytes/received', count(({ bytesReceived }) => bytesReceived)],
  ['bytes/sent', count(({ bytesSent }) => bytesSent)],
  ['subscriptions/count', count(({ subscriptions }) => subscriptions)],
  ['retained messages/count', count(({ retainedMessages }) => retainedMessages)],
  ['heap/current', ({ heapBytes }) => String(heapBytes)],
  ['heap/maximum', ({ heapMaximumBytes }) => String(heapMaximumBytes)],
  ['sluice/retained/bytes', count(({ retainedBytes }) => retainedBytes)],
  ['sluice/messages/queued', count(({ queuedMessages }) => queuedMessages)],
  ['sluice/messages/inflight', count(({ inflightMessages }) => inflightMessages)],
  ['sluice/connections/count', count(({ connections }) => connections)],
  ['sluice/event-loop/delay/p99', ({ loopDelay }) => loopDelay.p99Ms.toFixed(1)],
  ['sluice/event-loop/delay/maximum', ({ loopDelay }) => loopDelay.maximumMs.toFixed(1)],
  ['sluice/memory/current', count(({ memoryBytes }) => memoryBytes)],
  ['sluice/memory/limit', count(({ maxMemoryBytes }) => maxMemoryBytes)],
  ['sluice/overload/level', ({ stats }) => stats.overload],
  ['sluice/overload/count', count(({ overloadsTotal }) => overloadsTotal)],
  ['sluice/overload/clients/held', count(({ heldClients }) => heldClients)],
];

/** Every topic below `$SYS/broker/`, with what it says. */
export const sysTopics: ReadonlyMap<string, Value> = new Map<string, Value>(
  [
    ...fixed,
    ...Object.values(DropReason).map(
      (reason) => [`dropped/${reason}`, count(({ dropped }) => dropped.get(reason) ?? 0)] as const,
    ),
    ...Object.values(ConnectionEnd).flatMap(
      (reason) =>
        [
          [
            `sluice/connections/refused/${reason}`,
            count(({ refused }) => refused.get(reason) ?? 0),
          ],
          [`sluice/connections/closed/${reason}`, count(({ closed }) => closed.get(reason) ?? 0)],
        ] as const,
    ),
    ...[...loads.keys()].flatMap((name) =>
      loadSpans.map(
        (minutes, span) =>
          [
            `load/${name}/${minutes}min`,
            (reading: Reading) => reading.load(name, span).toFixed(2),
          ] as const,
      ),
    ),
  ].map(([name, value]) => [`$SYS/broker/${name}`, value]),
);
