import { ReasonCode } from '@sluice/packet';
import { ConnectionEnd, type DisconnectedEvent } from '@sluice/plugin';

/** The reason under which the end of a connection is counted: by whom, and with which reason code where the broker ended it. */
export function connectionEndOf(by: DisconnectedEvent['by'], reasonCode: number): ConnectionEnd {
  if (by === 'client') return ConnectionEnd.client;
  if (by === 'network') return ConnectionEnd.network;
  switch (reasonCode) {
    case ReasonCode.keepAliveTimeout:
      return ConnectionEnd.keepAlive;
    case ReasonCode.maximumConnectTime:
      return ConnectionEnd.timeOver;
    case ReasonCode.sessionTakenOver:
      return ConnectionEnd.takenOver;
    case ReasonCode.badUserNameOrPassword:
    case ReasonCode.notAuthorized:
    case ReasonCode.banned:
    case ReasonCode.badAuthenticationMethod:
      return ConnectionEnd.notAuthorized;
    case ReasonCode.serverBusy:
    case ReasonCode.receiveMaximumExceeded:
    case ReasonCode.packetTooLarge:
    case ReasonCode.messageRateTooHigh:
    case ReasonCode.quotaExceeded:
    case ReasonCode.connectionRateExceeded:
      return ConnectionEnd.limit;
    case ReasonCode.administrativeAction:
      return ConnectionEnd.administrative;
    case ReasonCode.serverShuttingDown:
    case ReasonCode.useAnotherServer:
    case ReasonCode.serverMoved:
      return ConnectionEnd.closing;
    case ReasonCode.unspecifiedError:
    case ReasonCode.implementationSpecificError:
    case ReasonCode.serverUnavailable:
      return ConnectionEnd.failure;
    default:
      return ConnectionEnd.protocol;
  }
}
