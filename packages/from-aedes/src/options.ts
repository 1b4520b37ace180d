import { BrokerError } from '@sluice/plugin';
import type { FromAedesOptions } from './handlers.ts';
import { eventNames } from './listeners.ts';

const handlerNames = [
  'preConnect',
  'authenticate',
  'authorizePublish',
  'authorizeSubscribe',
  'authorizeForward',
  'published',
];

/** Options of Aedes that are none of a plug-in, with what to do instead. */
const elsewhere: ReadonlyMap<string, string> = new Map([
  ['mq', 'there is one node, and nothing in its place; leave it out'],
  ['concurrency', 'no client waits for another; leave it out'],
  ['persistence', 'give createBroker the plug-in of @sluice/persistence-level'],
  ['queueLimit', 'clients are not read ahead; leave it out'],
  ['maxInflightInbound', 'give createBroker limits: { receiveMaximum }'],
  ['maxClientsIdLength', 'give createBroker limits: { maxClientIdBytes }'],
  ['maxTopicLevels', 'give createBroker limits: { maxTopicLevels }'],
  ['heartbeatInterval', 'there is no heartbeat; leave it out'],
  ['id', 'a broker has no name; leave it out'],
  ['connectTimeout', 'give createBroker limits: { connectTimeoutMs }'],
  ['keepaliveLimit', 'give createBroker limits: { maxKeepAliveSeconds }'],
  ['drainTimeout', 'give createBroker limits: { stalledTimeoutMs }'],
  ['decodeProtocol', 'read the header before broker.handle(stream, { remoteAddress })'],
  ['trustProxy', 'read the header before broker.handle(stream, { remoteAddress })'],
  ['trustedProxies', 'read the header before broker.handle(stream, { remoteAddress })'],
]);

/** Throws a BrokerError SLUICE_FROM_AEDES_OPTIONS for what would be passed over in silence. */
export function checkOptions(options: FromAedesOptions): void {
  if (typeof options !== 'object' || options === null)
    throw refused('its options must be an object');
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || name === 'deadlineMs') continue;
    if (name === 'on') checkListeners(value);
    else if (!handlerNames.includes(name)) throw unknown(name);
    else if (typeof value !== 'function') throw refused(`${name} must be a function`);
  }
}

function checkListeners(on: unknown): void {
  if (typeof on !== 'object' || on === null) throw refused('on must be an object');
  for (const [name, listener] of Object.entries(on)) {
    if (!(eventNames as readonly string[]).includes(name)) {
      throw refused(`there is no event ${name}; there are ${eventNames.join(', ')}`);
    }
    if (listener !== undefined && typeof listener !== 'function') {
      throw refused(`on.${name} must be a function`);
    }
  }
}

function unknown(name: string): BrokerError {
  const advice = elsewhere.get(name);
  if (advice !== undefined) return refused(`${name} is none of a plug-in: ${advice}`);
  return refused(
    `there is no option ${name}; there are ${handlerNames.join(', ')}, on, deadlineMs`,
  );
}

function refused(what: string): BrokerError {
  return new BrokerError('SLUICE_FROM_AEDES_OPTIONS', `from-aedes: ${what}.`);
}
