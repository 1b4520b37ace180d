import type { ClientLimits } from '@sluice/plugin';
import { type Given, type Limits, limitRanges } from '../base/limits.ts';

const clientLimitNames: ReadonlySet<string> = new Set<keyof ClientLimits>([
  'maxPacketBytes',
  'receiveMaximum',
  'maxInflightMessages',
  'maxOutputBytes',
  'maxQueuedMessages',
  'maxQueuedBytes',
  'maxSubscriptionsPerSession',
  'maxSessionExpirySeconds',
  'maxKeepAliveSeconds',
  'topicAliasMaximum',
  'maxQos',
]);

/** What is wrong with limits that a hook granted; undefined when nothing is. */
export function faultInLimits(limits: unknown): string | undefined {
  if (typeof limits !== 'object' || limits === null) return 'limits is no object';
  for (const [name, value] of Object.entries(limits)) {
    if (!clientLimitNames.has(name)) return `limits.${name} cannot be granted`;
    if (value === undefined) continue;
    const { min, max } = limitRanges[name as keyof ClientLimits];
    if (Number.isInteger(value) && value >= min && value <= max) continue;
    return `limits.${name} is no whole number from ${min} to ${max}`;
  }
  return undefined;
}

/** Of each limit the lower value; the same object where that changes nothing. */
export function lowerLimits<Known extends Given<Limits>>(
  limits: Known,
  others: Given<Limits> | undefined,
): Known {
  if (others === undefined) return limits;
  const before = limits as Readonly<Record<string, number | undefined>>;
  const lower = Object.entries(others).filter(
    ([name, value]) => value !== undefined && isLower(name, value, before[name]),
  );
  return lower.length === 0 ? limits : { ...limits, ...Object.fromEntries(lower) };
}

/** Whether a limit is tighter than another. A longest keep alive of 0 is none: the loosest of all. */
export function isLower(name: string, value: number, than: number | undefined): boolean {
  if (than === undefined) return true;
  if (name !== 'maxKeepAliveSeconds') return value < than;
  return value !== 0 && (than === 0 || value < than);
}
