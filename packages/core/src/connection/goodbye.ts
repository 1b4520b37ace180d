import {
  disconnectCodes,
  encodePacket,
  noProperties,
  PacketType,
  type ReasonCode,
} from '@sluice/packet';
import type { Client } from '@sluice/plugin';
import { fittingCode } from '../base/fitting-code.ts';
import type { HookRunners } from '../hooks/hooks.ts';
import type { Output } from './output.ts';

/** Why the broker ends a connection. */
export interface Goodbye {
  readonly reasonCode: ReasonCode;
  readonly reasonString: string;
  /** Where the client should go instead. */
  readonly serverReference: string | undefined;
}

/** Writes the DISCONNECT that tells a 5.0 client why its connection ends, as far as it takes that much. */
export function writeGoodbye(
  output: Output,
  hooks: HookRunners,
  client: Client,
  goodbye: Goodbye,
  maximumPacketSize: number,
): void {
  const reasonCode = fittingCode(goodbye.reasonCode, disconnectCodes.client); // [MQTT-3.14.2-1]
  const event = { client, ...goodbye, reasonCode, userProperties: [] };
  const said = hooks.disconnect === undefined ? event : hooks.disconnect(event);
  const { reasonString, serverReference, userProperties } = said;
  const reference = serverReference === undefined ? noProperties : { serverReference };
  const properties = {
    ...reference,
    ...(reasonString !== undefined && { reasonString }),
    ...(userProperties.length > 0 && { userProperties }),
  };
  // [MQTT-3.14.2-3] [MQTT-3.14.2-4]
  for (const fitting of [properties, reference, noProperties]) {
    const packet = { type: PacketType.disconnect, reasonCode, properties: fitting };
    const bytes = encodePacket(packet, 5);
    if (bytes.length > maximumPacketSize) continue;
    output.append(bytes, 0, bytes.length);
    return;
  }
}
