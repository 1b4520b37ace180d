import type { ProtocolVersion } from '@sluice/packet';

/** What a decoder gets, and how it is set up. */
export interface DecoderInput {
  readonly role: 'server' | 'client';
  /** 0 is a server that waits for CONNECT. */
  readonly version: ProtocolVersion | 0;
  readonly options: DecoderVariant;
  readonly bytes: Uint8Array;
}

/** Settings that take other ways through the decoder. */
export const DecoderVariant = {
  plain: '',
  /** Control characters are admitted. */
  lenient: 'x',
  /** No more than 64 bytes in a packet. */
  small: 'm',
  /** With a topic cache, and twice, so that the second time finds what the first has left. */
  cached: 'k',
} as const;

export type DecoderVariant = (typeof DecoderVariant)[keyof typeof DecoderVariant];

const form = /^([sc])([0345])([xmk]?) ((?:[0-9a-f]{2})*)$/;

/** One line: `s` or `c` for the reading side, the version, a variant, the bytes. */
export function writeDecoderInput({ role, version, options, bytes }: DecoderInput): string {
  return `${role.charAt(0)}${version}${options} ${Buffer.from(bytes).toString('hex')}`;
}

export function readDecoderInput(line: string): DecoderInput {
  const [, side, version, options, hex = ''] = form.exec(line) ?? [];
  if (side === undefined) throw new Error(`no input of the decoder: ${line}`);
  return {
    role: side === 's' ? 'server' : 'client',
    version: Number(version) as ProtocolVersion | 0,
    options: options as DecoderVariant,
    bytes: Buffer.from(hex, 'hex'),
  };
}
