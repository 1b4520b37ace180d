import type { ProtocolVersion, PublishPacket } from '@sluice/packet';
import { bytes, type Part, props, rawPacket, str, u16 } from '../bytes.ts';
import type { Client } from '../client.ts';
import { connect } from '../compose.ts';
import type { Trial } from '../trial.ts';

/** As many messages as are expected, and those that come beyond them; each is acknowledged. */
export async function collect(client: Client, expected: number): Promise<PublishPacket[]> {
  const messages: PublishPacket[] = [];
  for (;;) {
    const packet = await client.receive(messages.length < expected ? undefined : 300);
    if (packet === undefined) return messages;
    if (packet.type !== 3) continue;
    messages.push(packet);
    await client.acknowledge(packet);
  }
}

/** Payloads as text. */
export function textsOf(messages: readonly PublishPacket[]): string[] {
  return messages.map(({ payload }) => new TextDecoder().decode(payload));
}

/** Numbers as texts: '0', '1' and so on. */
export function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(index));
}

/** A PUBLISH of whatever is given, also what no client may send. */
export function rawPublish(
  version: ProtocolVersion,
  firstByte: number,
  topic: string | Uint8Array,
  ...properties: readonly Part[]
): Uint8Array {
  const packetId = (firstByte & 0x06) === 0 ? bytes() : u16(1);
  const listed = version === 5 ? props(...properties) : bytes();
  return rawPacket(firstByte, str(topic), packetId, listed, '70');
}

/** Ends the case as not observable when the broker does not speak the other version that it needs. */
export async function requireVersion(t: Trial, version: ProtocolVersion): Promise<void> {
  if (version === t.version) return;
  const client = await t.open(undefined, version);
  client.send(connect(version, t.withCredentials({ clientId: client.clientId })));
  const answer = await client.receive().catch(() => undefined);
  if (answer?.type !== 2 || answer.reasonCode !== 0) {
    t.excuse(`the broker does not speak protocol level ${version}`);
  }
  await client.disconnect();
}
