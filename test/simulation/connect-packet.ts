import { type ConnectPacket, PacketType } from '@sluice/packet';
import type { ClientPlan } from './plan.ts';
import type { Publication } from './publication.ts';

/** The CONNECT of a client, with what its version can say. */
export function connectPacket(
  clientId: string,
  plan: ClientPlan,
  cleanStart: boolean,
  expirySeconds: number,
  will: Publication | undefined,
): ConnectPacket {
  const { version, keepAliveSeconds, receiveMaximum, maximumPacketSize, topicAliasMaximum } = plan;
  const delay = plan.will?.delaySeconds ?? 0;
  return {
    type: PacketType.connect,
    protocolVersion: version,
    cleanStart,
    keepAlive: keepAliveSeconds,
    clientId,
    ...(will !== undefined && {
      will: {
        topic: will.topic,
        payload: will.payload,
        qos: will.qos,
        retain: will.retain,
        properties: delay > 0 ? { willDelayInterval: delay } : {},
      },
    }),
    properties:
      version !== 5
        ? {}
        : {
            ...(expirySeconds > 0 && { sessionExpiryInterval: expirySeconds }),
            ...(receiveMaximum !== undefined && { receiveMaximum }),
            ...(maximumPacketSize !== undefined && { maximumPacketSize }),
            ...(topicAliasMaximum > 0 && { topicAliasMaximum }),
          },
  };
}
