import {
  Decoder,
  type DecoderOptions,
  encodePacket,
  type Packet,
  PacketType,
  ProtocolError,
  type ProtocolVersion,
  TopicCache,
} from '@sluice/packet';
import { bytesOf } from '../../../packages/packet/test/vectors/vector.ts';
import { vectors } from '../../../packages/packet/test/vectors.ts';
import { Dice, seedOf } from '../../simulation/dice.ts';
import { readCorpus } from '../corpus/read-corpus.ts';
import { leavingOut } from '../engine/shrink.ts';
import { Finding, type Target } from '../engine/target.ts';
import { PacketSource } from './generate.ts';
import { type DecoderInput, DecoderVariant, readDecoderInput, writeDecoderInput } from './input.ts';
import { largePacket } from './large-packet.ts';
import { framesOf, mutateBytes } from './mutate-bytes.ts';
import { isSame } from './same.ts';
import { shorter } from './shorter.ts';

/** What came out of a decoder. */
interface Decoded {
  readonly packets: readonly Packet[];
  readonly error: ProtocolError | undefined;
  readonly version: ProtocolVersion | 0;
  readonly bufferedBytes: number;
}

export type MakeDecoder = (options: DecoderOptions) => Decoder;

interface TargetOptions {
  readonly makeDecoder?: MakeDecoder;
  readonly backEach?: number;
}

const maxPacketBytes = 268_435_460;
const smallPacketBytes = 64;
/** Milliseconds for each 64 KB, or for less. */
const patienceMs = 5;
/** Some hundred milliseconds: another program may have the processor for as long. */
const maxTries = 200;
const sides = [
  ...([0, 3, 4, 5] as const).map((version) => ({ role: 'server', version }) as const),
  ...([3, 4, 5] as const).map((version) => ({ role: 'client', version }) as const),
];

/** The decoder by itself: any bytes, whole and in chunks. */
export class DecoderTarget implements Target<DecoderInput> {
  readonly name = 'decoder';
  readonly known: readonly DecoderInput[] = [
    ...readCorpus('decoder').map(readDecoderInput),
    ...vectors.map(
      ({ role, version, first, bytes }): DecoderInput => ({
        role: role ?? 'server',
        version: first ? 0 : version,
        options: DecoderVariant.plain,
        bytes: bytesOf(bytes),
      }),
    ),
  ];
  readonly #makeDecoder: MakeDecoder;
  readonly #source = new PacketSource();
  /** Fastest time in which the last input was decoded. */
  #wholeMs = 0;

  /** Every so many inputs what was read is written and read again, which takes as long as all the rest. */
  readonly #backEach: number;
  #inputs = 0;

  constructor({
    makeDecoder = (options) => new Decoder(options),
    backEach = 1,
  }: TargetOptions = {}) {
    this.#makeDecoder = makeDecoder;
    this.#backEach = backEach;
  }

  generate(dice: Dice): DecoderInput {
    const { role, version } = dice.pick(sides);
    if (dice.below(500) === 0) return largeInput(dice);
    const spoken = version === 0 ? dice.pick([3, 4, 5] as const) : version;
    const sender = role === 'server' ? 'client' : 'server';
    const count = dice.between(1, 3);
    const packets = Array.from({ length: count }, (_, index) =>
      this.#source.next(dice, {
        version: spoken,
        sender: version === 0 && index === 0 ? 'connect' : sender,
      }),
    );
    return { role, version, options: variant(dice), bytes: Buffer.concat(packets) };
  }

  mutate(input: DecoderInput, other: DecoderInput, dice: Dice): DecoderInput {
    const side = dice.chance(3) ? dice.pick(sides) : input;
    return {
      role: side.role,
      version: side.version,
      options: dice.chance(5) ? variant(dice) : heritable(input.options),
      bytes: mutateBytes(input.bytes, other.bytes, dice),
    };
  }

  run(input: DecoderInput): void {
    const startedAt = performance.now();
    const whole = this.#whole(input);
    this.#wholeMs = performance.now() - startedAt;
    const parts = this.#decode(this.#options(input), cut(input.bytes));
    if (!isSame(whole.packets, parts.packets)) {
      throw new Finding('chunks', 'other packets in chunks than whole');
    }
    if (whole.error?.reasonCode !== parts.error?.reasonCode || whole.version !== parts.version) {
      const text = `${whole.error?.message} when whole, ${parts.error?.message} in chunks`;
      throw new Finding('chunks', text);
    }
    if (this.#inputs++ % this.#backEach > 0) return;
    for (const packet of whole.packets) this.#thereAndBack(packet, input, whole.version);
  }

  /** What seemed slow, again and again: the machine may have been elsewhere. */
  runAgain(input: DecoderInput): void {
    const limitMs = patienceMs * Math.max(1, input.bytes.length / 65_536);
    for (let tries = 0; this.#wholeMs > limitMs; tries++) {
      if (tries === maxTries)
        throw new Finding('slow', `${input.bytes.length} bytes: ${this.#wholeMs} ms`);
      const startedAt = performance.now();
      this.#whole(input);
      this.#wholeMs = Math.min(this.#wholeMs, performance.now() - startedAt);
    }
  }

  *simpler(input: DecoderInput): Generator<DecoderInput> {
    for (const frames of leavingOut(framesOf(input.bytes))) {
      yield { ...input, bytes: Buffer.concat(frames) };
    }
    for (const bytes of shorter(input.bytes)) yield { ...input, bytes };
    if (input.options !== '') yield { ...input, options: DecoderVariant.plain };
    for (const [at, byte] of input.bytes.entries()) {
      if (byte !== 0) yield { ...input, bytes: Buffer.from(input.bytes).fill(0, at, at + 1) };
    }
  }

  write(input: DecoderInput): string {
    return writeDecoderInput(input);
  }

  read(line: string): DecoderInput {
    return readDecoderInput(line);
  }

  #options({ role, version, options }: DecoderInput): DecoderOptions {
    return {
      role,
      maxPacketBytes: options === DecoderVariant.small ? smallPacketBytes : maxPacketBytes,
      allowControlCharacters: options === DecoderVariant.lenient,
      ...(version !== 0 && { protocolVersion: version }),
    };
  }

  #whole(input: DecoderInput): Decoded {
    const { bytes } = input;
    const options = this.#options(input);
    if (input.options !== DecoderVariant.cached) return this.#decode(options, [bytes]);
    const cached = { ...options, topicCache: new TopicCache() };
    this.#decode(cached, [bytes]);
    return this.#decode(cached, [bytes]);
  }

  #decode(options: DecoderOptions, chunks: readonly Uint8Array[]): Decoded {
    const decoder = this.#makeDecoder(options);
    const packets: Packet[] = [];
    let error: ProtocolError | undefined;
    try {
      for (const chunk of chunks) {
        decoder.push(chunk);
        for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) {
          packets.push(packet);
        }
      }
    } catch (thrown) {
      if (!(thrown instanceof ProtocolError)) throw thrown;
      error = thrown;
      checkFinal(decoder, thrown);
    }
    const { bufferedBytes, protocolVersion: version } = decoder;
    const sent = chunks.reduce((sum, { length }) => sum + length, 0);
    if (bufferedBytes > sent) throw new Finding('memory', `${bufferedBytes} of ${sent} bytes held`);
    return { packets, error, version, bufferedBytes };
  }

  /** What is accepted can be written, and means the same then. */
  #thereAndBack(packet: Packet, { role, options }: DecoderInput, version: number): void {
    const spoken = version as ProtocolVersion;
    const bytes = encodePacket(packet, spoken);
    const reading = { role, version: packet.type === PacketType.connect ? 0 : spoken } as const;
    const lenient = options === DecoderVariant.lenient ? options : DecoderVariant.plain;
    const again = this.#decode(this.#options({ ...reading, options: lenient, bytes }), [bytes]);
    if (again.packets.length !== 1 || !isSame(again.packets[0], packet)) {
      const read = again.error?.message ?? 'another packet';
      throw new Finding(
        'there and back',
        `written as ${Buffer.from(bytes).toString('hex')}: ${read}`,
      );
    }
  }
}

/** One packet of up to 64 KB with a great many of something. */
function largeInput(dice: Dice): DecoderInput {
  const { packet, version } = largePacket(dice);
  const first = packet.type === PacketType.connect;
  const bytes = encodePacket(packet, version);
  return { role: 'server', version: first ? 0 : version, options: variant(dice), bytes };
}

function checkFinal(decoder: Decoder, error: ProtocolError): void {
  decoder.push(Uint8Array.of(0xc0, 0));
  try {
    decoder.next();
  } catch (thrown) {
    if (thrown === error && decoder.bufferedBytes === 0) return;
  }
  throw new Finding('final', 'a decoder goes on after an error');
}

/** What is slow is not handed down. */
function heritable(options: DecoderVariant): DecoderVariant {
  return options === DecoderVariant.cached ? DecoderVariant.plain : options;
}

function variant(dice: Dice): DecoderVariant {
  if (dice.chance(80)) return DecoderVariant.plain;
  // A new cache costs more than all the rest.
  if (dice.chance(10)) return DecoderVariant.cached;
  return dice.pick([DecoderVariant.lenient, DecoderVariant.small]);
}

/** The bytes in chunks; the same for the same bytes. */
function cut(bytes: Uint8Array): Uint8Array[] {
  const dice = new Dice(seedOf(bytes.length, bytes[0] ?? 0, bytes.at(-1) ?? 0, bytes[8] ?? 0));
  // Dozens of chunks show what hundreds would.
  const most = Math.max(dice.pick([1, 2, 8, 40]), bytes.length >> 4);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + dice.between(1, most);
    chunks.push(bytes.subarray(at, end));
    at = end;
  }
  return chunks;
}
