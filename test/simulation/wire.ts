import { Duplex } from 'node:stream';
import { Decoder, type Packet, type ProtocolVersion } from '@sluice/packet';
import { describePacket } from './describe.ts';
import type { Dice } from './dice.ts';
import type { CutKind } from './plan.ts';
import type { Moment } from './timeline.ts';
import type { World } from './world.ts';

/** Who is at the near end of a wire. */
export interface WireOwner {
  readonly name: string;
  /** The broker has written a packet: what it promises is promised, whether it arrives or not. */
  onLeft(packet: Packet, wire: Wire): void;
  onArrived(packet: Packet, wire: Wire): void;
  /** The broker is done with the connection; called again when it says so later. */
  onReleased(wire: Wire): void;
  /** The connection is over, as far as the owner knows. */
  onClosed(wire: Wire): void;
}

/** The broker's end. */
class BrokerEnd extends Duplex {
  readonly #wire: Wire;

  constructor(wire: Wire) {
    super();
    this.#wire = wire;
  }

  override _read(): void {}

  // What counts is when the broker lets go of something, not when the stream comes to it.
  override write(chunk: Uint8Array): boolean {
    this.#wire.written(chunk);
    return super.write(chunk);
  }

  override end(): this {
    this.#wire.endedByBroker();
    return super.end();
  }

  override _write(_chunk: Uint8Array, _encoding: string, done: () => void): void {
    this.#wire.taken(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#wire.endedByBroker();
    done(error);
  }
}

/** One connection: order is kept, bytes arrive in chunks of any size at any time, and it may be cut anywhere. */
export class Wire {
  readonly number: number;
  readonly stream: Duplex = new BrokerEnd(this);
  /** Whether the owner can still send. */
  isOpen = true;
  /** When the broker closed its end; undefined while that is open. */
  endedAt: number | undefined;
  /** CONNACK left: from now on the broker says when it is done with the connection. */
  isEstablished = false;
  readonly #world: World;
  readonly #owner: WireOwner;
  readonly #dice: Dice;
  readonly #decoder: Decoder;
  /** Bytes on their way to the broker. */
  #sending: Uint8Array[] = [];
  #sent = 0;
  #carried = 0;
  #carrying: Moment | undefined;
  /** Packets on their way to the owner. */
  #arriving: Packet[] = [];
  #arrival: Moment | undefined;
  #isReading = true;
  /** Writes that the owner has not taken. */
  #held: (() => void)[] = [];
  /** The broker's end exists no more, or the bytes of it go nowhere. */
  #isDeaf = false;
  #isReleased = false;
  /** The broker's stream has ended. */
  #isEnded = false;

  constructor(
    world: World,
    owner: WireOwner,
    dice: Dice,
    version: ProtocolVersion,
    maximum: number,
  ) {
    this.#world = world;
    this.#owner = owner;
    this.#dice = dice;
    this.number = world.nextWire();
    this.#decoder = new Decoder({
      role: 'client',
      maxPacketBytes: maximum,
      protocolVersion: version,
    });
  }

  /** Bytes that the owner sent and the broker has not got. */
  get unsentBytes(): number {
    return this.#sent - this.#carried;
  }

  send(bytes: Uint8Array): void {
    if (!this.isOpen) return;
    this.#sending.push(bytes);
    this.#sent += bytes.length;
    this.#carrying ??= this.#world.timeline.after(this.#delay(), () => this.#carry());
  }

  /** The network fails. What was on its way may have come part of the way. */
  cut(kind: CutKind): void {
    if (!this.isOpen) return;
    this.#world.history.trace(() => `${this.#owner.name}: wire ${this.number} is cut (${kind})`);
    this.isOpen = false;
    this.#world.timeline.cancel(this.#carrying);
    this.#world.timeline.cancel(this.#arrival);
    this.#arriving = [];
    this.#push(this.#dice.below(this.unsentBytes + 1));
    this.#takeHeld();
    // A broker that is dead already must not act on it.
    if (!this.#isDeaf) this.#endAtBroker(kind);
    this.#isDeaf = true;
    this.#world.touch();
    this.#owner.onClosed(this);
  }

  /** Ends a connection that is only half there. */
  reset(): void {
    if (!this.stream.destroyed) this.stream.destroy(new Error('connection reset'));
    this.#world.touch();
  }

  stopReading(): void {
    this.#isReading = false;
  }

  readOn(): void {
    this.#isReading = true;
    this.#takeHeld();
    if (this.isOpen && (this.#arriving.length > 0 || this.endedAt !== undefined)) this.#arrive();
  }

  /** The broker's process is gone. What it has sent may still arrive. */
  die(): void {
    this.#isDeaf = true;
    this.#held = [];
    this.#world.timeline.cancel(this.#carrying);
    if (!this.#isReleased) this.released();
    if (this.isOpen) this.#arrive();
  }

  /** The broker wrote something. */
  written(chunk: Uint8Array): void {
    if (this.#isDeaf) return;
    const { history } = this.#world;
    history.mark(this.number, chunk);
    try {
      // A copy, since a packet may keep a part of it.
      this.#decoder.push(Buffer.from(chunk));
      for (;;) {
        const packet = this.#decoder.next();
        if (packet === undefined) break;
        history.trace(() => `${this.#owner.name} <- ${describePacket(packet)}`);
        this.#owner.onLeft(packet, this);
        this.#arriving.push(packet);
      }
    } catch (error) {
      const text = `${this.#owner.name} cannot read what the broker sent: ${error}`;
      history.violate('well-formed', text);
    }
    this.#arrive();
  }

  /** The stream hands over what was written: the owner takes it, or does not. */
  taken(done: () => void): void {
    if (this.#isReading || this.#isDeaf) done();
    else this.#held.push(done);
  }

  /** The broker closed its end, or is told that the other one is closed. */
  endedByBroker(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.endedAt ??= this.#world.now;
    this.#world.touch();
    if (!this.isEstablished) this.released();
    if (this.isOpen) this.#arrive();
  }

  /** The broker is done with the connection: nothing of it is processed any more. It may say so twice. */
  released(): void {
    this.#isReleased = true;
    this.endedAt ??= this.#world.now;
    this.#owner.onReleased(this);
  }

  #endAtBroker(kind: CutKind): void {
    if (kind === 'end') this.stream.push(null);
    else if (kind === 'reset') {
      // What the broker had not read yet goes with the connection.
      this.#carried -= this.stream.readableLength;
      this.stream.destroy(new Error('connection reset'));
    }
  }

  #carry(): void {
    this.#carrying = undefined;
    if (this.#isDeaf || !this.isOpen) return;
    const all = this.unsentBytes;
    this.#push(this.#dice.chance(65) ? all : this.#dice.between(1, all));
    if (this.unsentBytes > 0 && this.isOpen) {
      this.#carrying = this.#world.timeline.after(this.#delay(), () => this.#carry());
    }
  }

  /** So many bytes reach the broker, as one chunk. */
  #push(count: number): void {
    if (count === 0 || this.stream.destroyed || this.#isDeaf) return;
    const all =
      this.#sending.length === 1 ? (this.#sending[0] as Uint8Array) : Buffer.concat(this.#sending);
    const chunk = Buffer.from(all.subarray(0, count));
    this.#sending = count === all.length ? [] : [all.subarray(count)];
    this.#carried += count;
    this.#world.touch();
    this.stream.push(chunk);
  }

  #arrive(): void {
    this.#arrival ??= this.#world.timeline.after(this.#delay(), () => {
      this.#arrival = undefined;
      this.#hand();
    });
  }

  #hand(): void {
    if (!this.#isReading && !this.#isDeaf) return;
    const count = this.#dice.chance(80)
      ? this.#arriving.length
      : this.#dice.below(this.#arriving.length + 1);
    for (const packet of this.#arriving.splice(0, count)) {
      if (this.isOpen) this.#owner.onArrived(packet, this);
    }
    if (!this.isOpen) return;
    if (this.#arriving.length > 0) this.#arrive();
    else if (this.endedAt !== undefined) this.#close();
  }

  /** The owner sees the end, and closes its own side. */
  #close(): void {
    this.isOpen = false;
    this.#takeHeld();
    if (!this.#isDeaf && !this.stream.destroyed && !this.stream.readableEnded)
      this.stream.push(null);
    this.#isDeaf = true;
    this.#world.touch();
    this.#owner.onClosed(this);
  }

  #takeHeld(): void {
    const held = this.#held;
    this.#held = [];
    for (const done of held) done();
    if (held.length > 0) this.#world.touch();
  }

  #delay(): number {
    const dice = this.#dice;
    if (dice.chance(70)) return dice.below(3);
    return dice.chance(90) ? dice.below(20) : dice.below(300);
  }
}
