import type { ConformanceCase } from '../case.ts';
import { packetIdRangeCases } from './packet-id-range.ts';
import { incomingQosCases } from './qos-incoming.ts';
import { outgoingQosCases } from './qos-outgoing.ts';
import { redeliveryCases } from './redelivery.ts';

/** QoS 0, 1 and 2, and delivery again: sections 4.3 and 4.4. */
export const qosCases: readonly ConformanceCase[] = [
  ...incomingQosCases,
  ...outgoingQosCases,
  ...redeliveryCases,
  ...packetIdRangeCases,
];
