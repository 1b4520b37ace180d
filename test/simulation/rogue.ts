import { encodePacket, type Packet, PacketType, type ProtocolVersion } from '@sluice/packet';
import type { Dice } from './dice.ts';
import type { RogueKind } from './plan.ts';
import { Wire, type WireOwner } from './wire.ts';
import type { World } from './world.ts';

/** A client that breaks the rules. Nothing is expected of its connection; everybody else must not notice. */
export class Rogue implements WireOwner {
  readonly name: string;
  readonly #world: World;
  readonly #dice: Dice;
  readonly #version: ProtocolVersion;
  readonly #wire: Wire;

  constructor(world: World, number: number, version: ProtocolVersion, dice: Dice) {
    this.name = `rogue-${number}`;
    this.#world = world;
    this.#dice = dice;
    this.#version = version;
    this.#wire = new Wire(world, this, dice, version, 268_435_460);
    world.open(this.#wire);
  }

  /** Does its worst, and is gone some seconds later. */
  act(kind: RogueKind): void {
    this.#world.history.reach(`rogue: ${kind}`);
    for (const bytes of this.#bytes(kind)) this.#wire.send(bytes);
    this.#world.timeline.after(this.#dice.between(10, 5_000), () => this.#wire.cut('reset'));
  }

  onLeft(): void {}
  onArrived(): void {}
  onReleased(): void {}
  onClosed(): void {}

  #bytes(kind: RogueKind): Uint8Array[] {
    const dice = this.#dice;
    const connect = this.#connect(this.name);
    switch (kind) {
      case 'garbage':
        return [Uint8Array.from({ length: dice.between(1, 60) }, () => dice.below(256))];
      case 'half a connect':
        return [connect.subarray(0, dice.between(1, connect.length - 1))];
      case 'no connect':
        return [this.#publish(1, 7)];
      case 'second connect':
        return [connect, connect];
      case 'bad flags':
        return [
          connect,
          Uint8Array.of(0x62 | dice.below(16), 2, 0, 1),
          Uint8Array.of(0x36, 2, 0, 0),
        ];
      case 'oversized':
        return [connect, Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0x7f), Buffer.alloc(500)];
      case 'wrong acknowledgements':
        return [
          connect,
          ...[PacketType.puback, PacketType.pubrec, PacketType.pubcomp, PacketType.pubrel].map(
            (type) =>
              this.#encode({ type, packetId: dice.between(1, 5), reasonCode: 0, properties: {} }),
          ),
        ];
      case 'reused packet ids':
        return [
          connect,
          this.#publish(2, 7),
          this.#publish(1, 7),
          this.#publish(2, 7),
          this.#publish(2, 7),
        ];
      case 'stolen client id':
        return [this.#connect(`client-${dice.below(3)}`, 'somebody else')];
      case 'bad alias':
        return [connect, this.#publish(1, 3, this.#version === 5 ? 999 : undefined)];
      case 'bad filter':
        return [
          connect,
          Uint8Array.of(
            0x82,
            9,
            0,
            1,
            ...(this.#version === 5 ? [0] : []),
            0,
            3,
            0x61,
            0x23,
            0x2b,
            0,
          ),
        ];
      default:
        return kind satisfies never;
    }
  }

  #connect(clientId: string, userName?: string): Uint8Array {
    return this.#encode({
      type: PacketType.connect,
      protocolVersion: this.#version,
      cleanStart: true,
      keepAlive: 0,
      clientId,
      properties: {},
      ...(userName !== undefined && { userName }),
    });
  }

  #publish(qos: 1 | 2, packetId: number, topicAlias?: number): Uint8Array {
    return this.#encode({
      type: PacketType.publish,
      qos,
      retain: false,
      dup: false,
      topic: topicAlias === undefined ? 'rogue' : '',
      packetId,
      payload: Buffer.from('rogue'),
      properties: topicAlias === undefined ? {} : { topicAlias },
    });
  }

  #encode(packet: Packet): Uint8Array {
    return encodePacket(packet, this.#version);
  }
}
