import { disconnectCodes, ReasonCode } from '@sluice/packet';
import { BrokerError, type DisconnectOptions } from '@sluice/plugin';
import { checkString, refusalReason } from '../hooks/change-message.ts';
import type { Registry } from '../registry/registry.ts';

const known: ReadonlySet<string> = new Set<keyof DisconnectOptions>([
  'reasonCode',
  'reasonString',
  'serverReference',
]);

const byDefault = 'disconnected by the administrator';

/** Ends the connection of a client; false when it has none. Throws a BrokerError SLUICE_DISCONNECT. */
export function disconnectClient(
  registry: Registry,
  clientId: string,
  options: DisconnectOptions = {},
): boolean {
  for (const name of Object.keys(options)) {
    if (!known.has(name)) throw refused(`there is no ${name}, only ${[...known].join(', ')}`);
  }
  const { serverReference, reasonString = byDefault } = options;
  const isMoved = serverReference !== undefined;
  const { reasonCode = isMoved ? ReasonCode.useAnotherServer : ReasonCode.administrativeAction } =
    options;
  check(reasonCode, reasonString, serverReference);
  const sink = registry.get(clientId)?.sink;
  sink?.close(reasonCode, reasonString, serverReference);
  return sink !== undefined;
}

function check(code: ReasonCode, reasonString: unknown, serverReference: unknown): void {
  if (!disconnectCodes.client.has(code)) {
    throw refused(`the reason code ${String(code)} is none that a broker disconnects with`);
  }
  const isMoved = code === ReasonCode.useAnotherServer || code === ReasonCode.serverMoved;
  if (serverReference !== undefined && !isMoved) {
    throw refused('serverReference goes with the reason codes 0x9C and 0x9D only');
  }
  try {
    checkString('reasonString', reasonString);
    if (serverReference !== undefined) checkString('serverReference', serverReference);
  } catch (cause) {
    throw refused(refusalReason(cause), cause);
  }
}

function refused(why: string, cause?: unknown): BrokerError {
  return new BrokerError('SLUICE_DISCONNECT', `The client cannot be disconnected: ${why}.`, {
    cause,
  });
}
