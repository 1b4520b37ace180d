import type { BrokerStats } from '@sluice/plugin';

/** Minutes that loads are averages of. */
export const loadSpans = [1, 5, 15] as const;

/** What there is a load of. */
export type LoadOf =
  | 'messages/received'
  | 'messages/sent'
  | 'publish/received'
  | 'publish/sent'
  | 'publish/dropped'
  | 'bytes/received'
  | 'bytes/sent'
  | 'connections'
  | 'sockets';

/** The counter behind each load. */
export const loads: ReadonlyMap<LoadOf, (stats: BrokerStats) => number> = new Map<
  LoadOf,
  (stats: BrokerStats) => number
>([
  ['messages/received', ({ packetsReceived }) => packetsReceived],
  ['messages/sent', ({ packetsSent }) => packetsSent],
  ['publish/received', ({ messagesReceived }) => messagesReceived],
  ['publish/sent', ({ messagesSent }) => messagesSent],
  ['publish/dropped', droppedTotal],
  ['bytes/received', ({ bytesReceived }) => bytesReceived],
  ['bytes/sent', ({ bytesSent }) => bytesSent],
  ['connections', ({ clientsTotal }) => clientsTotal],
  ['sockets', ({ connectionsTotal }) => connectionsTotal],
]);

/** Messages that were dropped, whatever for. */
export function droppedTotal({ dropped }: BrokerStats): number {
  let total = 0;
  for (const count of dropped.values()) total += count;
  return total;
}
