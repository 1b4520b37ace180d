import {
  type ConnackPacket,
  Decoder,
  type Packet,
  PacketType,
  ProtocolError,
  type ProtocolVersion,
} from '@sluice/packet';
import { TestStream } from '../../../packages/core/test/support/test-stream.ts';
import { Finding } from '../engine/target.ts';

const answerTo: Readonly<Record<number, PacketType>> = {
  [PacketType.subscribe]: PacketType.suback,
  [PacketType.unsubscribe]: PacketType.unsuback,
  [PacketType.pubrel]: PacketType.pubcomp,
  [PacketType.pingreq]: PacketType.pingresp,
};

/** A client's side of a connection, which knows what answers it is owed. */
export class PeerConnection {
  readonly stream: TestStream;
  readonly received: Packet[] = [];
  /** The broker has to close it: a rule was broken, or DISCONNECT was sent. */
  #mustClose = false;
  /** Answers that are due: how often each. */
  readonly #owed: Map<string, number> = new Map();
  /** Reads what is sent as a broker should. */
  readonly #sent: Decoder;
  readonly #answers: Decoder;

  constructor(maxPacketBytes: number) {
    this.#sent = new Decoder({ role: 'server', maxPacketBytes });
    const protocolVersion: ProtocolVersion = 4;
    this.#answers = new Decoder({ role: 'client', maxPacketBytes: 268_435_460, protocolVersion });
    this.stream = new TestStream((bytes) => this.#take(bytes));
  }

  get isOpen(): boolean {
    return !this.stream.gone;
  }

  get isAccepted(): boolean {
    const [first] = this.received;
    return first?.type === PacketType.connack && (first as ConnackPacket).reasonCode === 0;
  }

  send(bytes: Uint8Array): void {
    if (this.stream.gone || this.stream.readableEnded) return;
    this.#note(bytes);
    this.stream.push(Buffer.from(bytes));
  }

  /** When everything that needs no time has happened: what is open has been answered. */
  checkAnswers(): void {
    if (!this.isOpen) return;
    if (this.#mustClose) throw new Finding('stuck', 'a connection that has to be closed is open');
    if (!this.isAccepted) throw new Finding('stuck', 'no CONNACK, and the connection is open');
    for (const [answer, count] of this.#owed) {
      const [type, packetId] = answer.split(' ').map(Number);
      const came = this.received.filter(
        (packet) =>
          packet.type === type && ('packetId' in packet ? packet.packetId : 0) === packetId,
      ).length;
      if (came !== count) throw new Finding('stuck', `${came} of ${count} answers ${answer}`);
    }
  }

  #note(bytes: Uint8Array): void {
    if (this.#mustClose) return;
    try {
      this.#sent.push(Buffer.from(bytes));
      for (let packet = this.#sent.next(); packet !== undefined; packet = this.#sent.next()) {
        if (packet.type === PacketType.disconnect) this.#mustClose = true;
        if (this.#mustClose) return;
        this.#owe(packet);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#mustClose = true;
    }
  }

  #owe(packet: Packet): void {
    let type = answerTo[packet.type];
    if (packet.type === PacketType.publish && packet.qos > 0) {
      type = packet.qos === 1 ? PacketType.puback : PacketType.pubrec;
    }
    if (type === undefined) return;
    const answer = `${type} ${'packetId' in packet ? packet.packetId : 0}`;
    this.#owed.set(answer, (this.#owed.get(answer) ?? 0) + 1);
  }

  #take(bytes: Uint8Array): void {
    if (this.received.length === 0) {
      // A version that nobody speaks is refused in the form of the one that its sender may know.
      const { protocolVersion } = this.#sent;
      const isLater = protocolVersion === 0 && bytes[1] === 3;
      this.#answers.protocolVersion = protocolVersion || (isLater ? 5 : 4);
    }
    try {
      this.#answers.push(Buffer.from(bytes));
      for (let packet = this.#answers.next(); packet !== undefined; packet = this.#answers.next()) {
        this.received.push(packet);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const hex = Buffer.from(bytes).toString('hex');
      throw new Finding('well-formed', `the broker sent ${hex}: ${error.message}`);
    }
  }
}
