import { type ConnackPacket, isFailure, type PublishPacket } from '@sluice/packet';
import {
  acknowledgement,
  type ConnectFields,
  connect,
  disconnect,
  type FilterFields,
  type PublishFields,
  pingreq,
  publish,
  subscribe,
  unsubscribe,
} from './compose.ts';
import type { Match } from './matching.ts';
import { RawClient } from './raw-client.ts';

/** A raw client that also knows the exchanges of the protocol, each as one call. */
export class Client extends RawClient {
  #lastPacketId = 0;

  /** Packet ids of this client: 1, 2, 3 and so on. */
  nextPacketId(): number {
    this.#lastPacketId = (this.#lastPacketId % 65_535) + 1;
    return this.#lastPacketId;
  }

  /** Sends CONNECT and waits for CONNACK, whatever it says. */
  async connect(fields: ConnectFields = {}): Promise<ConnackPacket> {
    this.send(connect(this.version, { clientId: this.clientId, ...fields }));
    return this.expect('connack');
  }

  /** A round trip: the next packet must be PINGRESP. */
  async ping(): Promise<void> {
    this.send(pingreq);
    await this.expect('pingresp');
  }

  /** Subscribes and returns the codes of the SUBACK. */
  async subscribe(...filters: readonly (string | FilterFields)[]): Promise<readonly number[]> {
    const packetId = this.nextPacketId();
    this.send(subscribe(packetId, filters));
    return (await this.find('suback', { packetId })).reasonCodes;
  }

  /** Unsubscribes and returns the codes of the UNSUBACK; none in 3.x. */
  async unsubscribe(...filters: readonly string[]): Promise<readonly number[]> {
    const packetId = this.nextPacketId();
    this.send(unsubscribe(packetId, filters));
    return (await this.find('unsuback', { packetId })).reasonCodes;
  }

  /** Publishes through the whole handshake; returns the code of PUBACK or PUBREC, 0 at QoS 0. */
  async publish(
    topic: string,
    payload: string | Uint8Array = '',
    fields: Omit<PublishFields, 'topic' | 'payload'> = {},
  ): Promise<number> {
    const { qos = 0 } = fields;
    const packetId = qos === 0 ? 0 : (fields.packetId ?? this.nextPacketId());
    this.send(publish({ ...fields, topic, payload, packetId }));
    if (qos === 0) return 0;
    if (qos === 1) return (await this.find('puback', { packetId })).reasonCode;
    const { reasonCode } = await this.find('pubrec', { packetId });
    if (isFailure(reasonCode)) return reasonCode;
    this.send(acknowledgement('pubrel', packetId));
    await this.find('pubcomp', { packetId });
    return reasonCode;
  }

  /** The next packet is a PUBLISH that looks like this; it is acknowledged to the end. */
  async expectMessage(match?: Match<PublishPacket>, withinMs?: number): Promise<PublishPacket> {
    const message = await this.expect('publish', match, withinMs);
    await this.acknowledge(message);
    return message;
  }

  /** Acknowledges a PUBLISH: PUBACK, or PUBREC and PUBCOMP. */
  async acknowledge({ qos, packetId }: PublishPacket): Promise<void> {
    if (qos === 1) this.send(acknowledgement('puback', packetId));
    if (qos !== 2) return;
    this.send(acknowledgement('pubrec', packetId));
    await this.find('pubrel', { packetId });
    this.send(acknowledgement('pubcomp', packetId));
  }

  /** Says DISCONNECT with reason 0x00 and waits for the end. */
  async disconnect(): Promise<void> {
    this.send(disconnect());
    await this.closed();
    this.drop();
  }
}
