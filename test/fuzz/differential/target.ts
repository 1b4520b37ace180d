import { Decoder, type Packet, ProtocolError, type ProtocolVersion } from '@sluice/packet';
import { type Packet as Foreign, parser } from 'mqtt-packet';
import { comparable, toForeign } from '../../../packages/packet/test/foreign-packet.ts';
import type { Dice } from '../../simulation/dice.ts';
import type { DecoderInput } from '../decoder/input.ts';
import { framesOf } from '../decoder/mutate-bytes.ts';
import { DecoderTarget, type MakeDecoder } from '../decoder/target.ts';
import { Finding, type Target } from '../engine/target.ts';
import { type Allowance, laxer, stricter } from './allowances.ts';

/** What one of the two makes of the bytes: a packet, a complaint, or neither as long as bytes are missing. */
interface Reading<Read> {
  readonly packet: Read | undefined;
  readonly complaint: string | undefined;
}

/** One packet, read by the codec and by mqtt-packet: what both accept has to be the same. */
export class DifferentialTarget implements Target<DecoderInput> {
  readonly name = 'differential';
  readonly known: readonly DecoderInput[];
  readonly #inputs = new DecoderTarget();

  readonly #makeDecoder: MakeDecoder;

  constructor(makeDecoder: MakeDecoder = (options) => new Decoder(options)) {
    this.#makeDecoder = makeDecoder;
    this.known = this.#inputs.known.map(single);
  }

  generate(dice: Dice): DecoderInput {
    return single(this.#inputs.generate(dice));
  }

  mutate(input: DecoderInput, other: DecoderInput, dice: Dice): DecoderInput {
    // Half of all packets stay valid.
    if (dice.chance(50)) return this.generate(dice);
    return single(this.#inputs.mutate(input, other, dice));
  }

  run(input: DecoderInput): void {
    const { version, ours } = this.#readOurs(input);
    const theirs = readTheirs(input, version);
    if (ours.packet === undefined && theirs.packet === undefined) return;
    if (ours.packet === undefined) {
      allow(stricter, ours.complaint, 'refused here, accepted there');
    } else if (theirs.packet === undefined) {
      const rule = 'accepted here, refused there';
      if (version !== 3) throw unexplained(rule, theirs.complaint);
      allow(laxer, theirs.complaint, rule);
    } else {
      compare(ours.packet, theirs.packet, version as ProtocolVersion);
    }
  }

  *simpler(input: DecoderInput): Generator<DecoderInput> {
    yield* this.#inputs.simpler(input);
  }

  write(input: DecoderInput): string {
    return this.#inputs.write(input);
  }

  read(line: string): DecoderInput {
    return this.#inputs.read(line);
  }

  #readOurs({ role, version, bytes }: DecoderInput): {
    ours: Reading<Packet>;
    version: number;
  } {
    const decoder = this.#makeDecoder({
      role,
      maxPacketBytes: 268_435_460,
      ...(version !== 0 && { protocolVersion: version }),
    });
    try {
      decoder.push(bytes);
      const packet = decoder.next();
      return { ours: { packet, complaint: undefined }, version: decoder.protocolVersion };
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const ours = { packet: undefined, complaint: error.message };
      return { ours, version: decoder.protocolVersion };
    }
  }
}

function allow(
  allowances: readonly Allowance[],
  complaint: string | undefined,
  rule: string,
): void {
  const isAllowed = allowances.some(({ message }) => message.test(complaint ?? ''));
  if (!isAllowed) throw unexplained(rule, complaint);
}

function unexplained(rule: string, complaint: string | undefined): Finding {
  return new Finding(rule, complaint ?? 'bytes are missing');
}

/** The first packet of an input. */
function single(input: DecoderInput): DecoderInput {
  const [bytes = input.bytes] = framesOf(input.bytes);
  return { ...input, options: '', bytes };
}

function readTheirs({ bytes }: DecoderInput, version: number): Reading<Foreign> {
  let packet: Foreign | undefined;
  let complaint: string | undefined;
  const reader = parser({ protocolVersion: version === 0 ? 4 : version });
  reader.on('packet', (read) => {
    packet ??= read;
  });
  reader.on('error', (error) => {
    complaint ??= error.message;
  });
  try {
    reader.parse(Buffer.from(bytes));
  } catch (error) {
    complaint = String(error);
  }
  return complaint === undefined ? { packet, complaint } : { packet: undefined, complaint };
}

function compare(packet: Packet, theirs: Foreign, version: ProtocolVersion): void {
  const isUnlike = hasRepeatedNames(packet);
  for (const [name, value] of Object.entries(toForeign(packet, version))) {
    // In 3.1 the bit is unused, and later versions gave it a meaning.
    if (name === 'sessionPresent' && version === 3) continue;
    const [ours, other] = [value, Reflect.get(theirs, name)].map((one) =>
      JSON.stringify(plainly(comparable({ [name]: one }), isUnlike)),
    );
    if (ours === other) continue;
    throw new Finding('read otherwise', `${name} is ${ours} here, ${other} there`);
  }
}

/** User properties are an object there: a list under a name that repeats, and the order is lost. */
function hasRepeatedNames(packet: Packet): boolean {
  const blocks: readonly object[] = [
    'properties' in packet ? packet.properties : {},
    'will' in packet && packet.will !== undefined ? packet.will.properties : {},
  ];
  return blocks.some((block) => {
    const { userProperties = [] }: { userProperties?: readonly (readonly [string, string])[] } =
      block;
    return new Set(userProperties.map(([name]) => name)).size < userProperties.length;
  });
}

/** Names in order, and nothing that is empty. */
function plainly(value: unknown, isUnlike: boolean): unknown {
  if (Array.isArray(value)) return value.map((one) => plainly(one, isUnlike));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .filter(([name, inner]) => inner !== undefined && !(isUnlike && name === 'userProperties'))
    .map(([name, inner]) => [name, plainly(inner, isUnlike)] as const)
    .filter(([name, inner]) => name !== 'properties' || Object.keys(inner ?? {}).length > 0)
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries);
}
