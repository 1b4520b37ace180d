import { ReasonCode } from '@sluice/packet';
import {
  type Allow,
  allow,
  type ConnectChanges,
  type Deny,
  type Drop,
  deny,
  drop,
} from '@sluice/plugin';
import type { FromAedesOptions } from './handlers.ts';
import { andThen } from './outcome.ts';
import { connectChanges, connectPacketOf } from './packets.ts';
import type { Stage } from './stage.ts';

const refused: Drop = Object.freeze(drop(ReasonCode.notAuthorized));

/** Reason codes of 5.0 for the return codes of 3.1.1 that a handler may choose. */
const reasonCodes: ReadonlyMap<unknown, ReasonCode> = new Map<unknown, ReasonCode>([
  [2, ReasonCode.clientIdentifierNotValid],
  [3, ReasonCode.serverUnavailable],
  [4, ReasonCode.badUserNameOrPassword],
  [5, ReasonCode.notAuthorized],
]);

/** Registers what lets clients in: `preConnect` and `authenticate`. */
export function hookConnect(stage: Stage, handlers: FromAedesOptions): void {
  const { preConnect, authenticate, deadlineMs } = handlers;
  const { context, clients, broker } = stage;
  const options = deadlineMs === undefined ? {} : { deadlineMs };

  context.hook(
    'connect',
    ({
      connection,
      packet,
    }): ConnectChanges | Drop | undefined | Promise<ConnectChanges | Drop> => {
      const client = clients.ofConnection(connection);
      const begin = ({ clean }: { readonly clean: boolean }): void => {
        client.clean = clean;
        client.version = packet.protocolVersion;
      };
      if (preConnect === undefined) {
        begin({ clean: packet.cleanStart });
        return;
      }
      const asked = connectPacketOf(packet);
      const outcome = stage.ask<boolean>(client, (callback) =>
        preConnect.call(broker, client, asked, callback),
      );
      return andThen(outcome, ({ error, value }) => {
        if (error === undefined && value === true && !client.closed) {
          begin(asked);
          return connectChanges(packet, asked);
        }
        client.connecting = false;
        if (error !== undefined) stage.emit('connectionError', client, error);
        return refused;
      });
    },
    options,
  );
  if (authenticate === undefined) return;

  context.hook(
    'authenticate',
    ({ connection, clientId, userName, password }) => {
      const client = clients.ofConnection(connection);
      client.id = clientId;
      const secret = password === undefined ? undefined : Buffer.from(password);
      const outcome = stage.ask<boolean>(client, (callback) =>
        authenticate.call(broker, client, userName, secret, callback),
      );
      return andThen(outcome, ({ error, value }): Allow<never> | Deny => {
        if (error === undefined && value && !client.closed) return allow();
        client.connecting = false;
        client.closed = true;
        stage.emit('clientError', client, error ?? new Error('not authorized'));
        const code: unknown = error !== undefined && Reflect.get(error, 'returnCode');
        return deny(reasonCodes.get(code) ?? ReasonCode.notAuthorized);
      });
    },
    options,
  );
}
