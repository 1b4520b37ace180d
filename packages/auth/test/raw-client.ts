import type { Buffer } from 'node:buffer';
import { type Duplex, duplexPair } from 'node:stream';
import { type Broker, createBroker } from '@sluice/core';
import { Decoder, encodePacket, type Packet, PacketType, ReasonCode } from '@sluice/packet';
import type { Plugin } from '@sluice/plugin';
import { onTestFinished } from 'vitest';

/** A broker that is closed when the test is over. */
export async function brokerWith(...plugins: Plugin[]): Promise<Broker> {
  const broker = await createBroker({ plugins });
  onTestFinished(() => broker.close({ graceMs: 0 }));
  return broker;
}

/** One end of a stream whose other end is a broker's: sends what it is told, packet by packet. */
export class RawClient {
  readonly #stream: Duplex;
  readonly #chunks: AsyncIterator<Buffer>;
  readonly #decoder = new Decoder({
    role: 'client',
    maxPacketBytes: 65_536,
    protocolVersion: 5,
  });

  constructor(broker: Broker) {
    const [ours, theirs] = duplexPair();
    this.#stream = ours;
    this.#chunks = ours[Symbol.asyncIterator]();
    broker.handle(theirs);
    onTestFinished(() => {
      ours.destroy();
    });
  }

  /** CONNECT, and what comes of it. */
  connect(method: string, data: Uint8Array, clientId = 'client-1'): Promise<Packet | undefined> {
    return this.exchange({
      type: PacketType.connect,
      protocolVersion: 5,
      cleanStart: true,
      keepAlive: 0,
      clientId,
      properties: { authenticationMethod: method, authenticationData: data },
    });
  }

  /** AUTH, and what comes of it. */
  auth(
    data: Uint8Array,
    method = 'SCRAM-SHA-256',
    reasonCode: ReasonCode = ReasonCode.continueAuthentication,
  ): Promise<Packet | undefined> {
    const properties = { authenticationMethod: method, authenticationData: data };
    return this.exchange({ type: PacketType.auth, reasonCode, properties });
  }

  /** Sends a packet and waits for one; undefined when the broker ends the stream instead. */
  exchange(packet: Packet): Promise<Packet | undefined> {
    this.#stream.write(encodePacket(packet, 5));
    return this.receive();
  }

  async receive(): Promise<Packet | undefined> {
    for (;;) {
      const packet = this.#decoder.next();
      if (packet !== undefined) return packet;
      const { value, done } = await this.#chunks.next();
      if (done) return undefined;
      this.#decoder.push(value);
    }
  }
}

/** Authentication Data of an AUTH or CONNACK; undefined for anything else. */
export function dataOf(packet: Packet | undefined): Uint8Array | undefined {
  if (packet?.type !== PacketType.auth && packet?.type !== PacketType.connack) return undefined;
  return packet.properties.authenticationData;
}
