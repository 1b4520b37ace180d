import { disconnectCodes, ReasonCode } from '@sluice/packet';
import { BrokerError, type DisconnectOptions } from '@sluice/plugin';
import { checkString } from '../hooks/change-message.ts';
import type { Registry } from '../registry/registry.ts';

const byDefault = 'disconnected by the administrator';

/** Ends the connection of a client; false when it has none. Throws a BrokerError SLUICE_DISCONNECT. */
export function disconnectClient(
  registry: Registry,
  clientId: string,
  options: DisconnectOptions = {},
): boolean {
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
    throw refused('a text cannot be sent; the cause says which one', cause);
  }
}

function refused(why: string, cause?: unknown): BrokerError {
  return new BrokerError('SLUICE_DISCONNECT', `The client cannot be disconnected: ${why}.`, {
    cause,
  });
}
