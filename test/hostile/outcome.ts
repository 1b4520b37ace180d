import { type Packet, PacketType } from '@sluice/packet';
import { nameOf } from '../../packages/core/test/support/packets.ts';
import type { TestClient } from '../../packages/core/test/support/test-client.ts';
import type { Outcome } from './vectors/vector.ts';

/** What became of what a client sent: with the CONNACK, where that is the answer. */
export function outcomeOf(client: TestClient, withConnack: boolean): Outcome {
  const answers = client
    .received()
    .filter(({ type }) => withConnack || type !== PacketType.connack);
  const said = answers.map(spelled);
  const isExplained = answers.some(isEnd);
  if (client.closed && !isExplained) said.push('closed');
  if (!client.closed && isExplained) said.push('left open');
  return said.join(', ') || 'accepted';
}

function isEnd(packet: Packet): boolean {
  if (packet.type === PacketType.disconnect) return true;
  return packet.type === PacketType.connack && packet.reasonCode !== 0;
}

function spelled(packet: Packet): string {
  const name = nameOf(packet).toUpperCase();
  const codes = codesOf(packet).map((code) => `0x${code.toString(16).padStart(2, '0')}`);
  return [name, ...codes].join(' ');
}

function codesOf(packet: Packet): readonly number[] {
  if ('reasonCodes' in packet) return packet.reasonCodes;
  return 'reasonCode' in packet ? [packet.reasonCode] : [];
}
