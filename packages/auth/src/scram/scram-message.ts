import { decodeCanonical } from '../text/canonical-base64.ts';
import { decodeText, prepareText } from '../text/prepare-text.ts';
import { keyBytes } from './scram-keys.ts';

/** The first message of a client: `n,,n=<name>,r=<nonce>`. */
export interface ClientFirst {
  /** GS2 header: `n,,` or `y,,`. */
  readonly header: string;
  /** What follows the header. */
  readonly bare: string;
  /** Unescaped and prepared. */
  readonly userName: string;
  readonly nonce: string;
}

/** The last message of a client: `c=<binding>,r=<nonce>,p=<proof>`. */
export interface ClientFinal {
  /** The header of the first message, in base64. */
  readonly binding: string;
  /** The nonce of the server's message. */
  readonly nonce: string;
  /** What stands before `,p=`. */
  readonly withoutProof: string;
  readonly proof: Uint8Array;
}

/** A message of the client that ends the exchange; it says why in words that a client may read. */
export class ScramFault extends Error {}

/** A name, a nonce and what surrounds them; a stranger must not fill memory while the exchange waits. */
const maxMessageBytes = 4_096;
/** Attributes that RFC 5802 gives a meaning, and so a place. */
const placedLetters = 'aceinprsv';

export function parseClientFirst(data: Uint8Array | undefined): ClientFirst {
  const text = textOf(data);
  // Names escape their commas, so that each one separates.
  const [flag = '', authorization, ...attributes] = text.split(',');
  if (flag.startsWith('p=')) throw new ScramFault('channel binding is not supported');
  if (flag !== 'n' && flag !== 'y') throw malformed();
  if (authorization?.startsWith('a=')) {
    throw new ScramFault('an authorization identity is not supported');
  }
  if (authorization !== '') throw malformed();
  const name = readValue('n', attributes[0]);
  const nonce = readNonce(attributes[1]);
  checkExtensions(attributes.slice(2));
  const header = `${flag},,`;
  return { header, bare: text.slice(header.length), userName: readName(name), nonce };
}

export function parseClientFinal(data: Uint8Array | undefined): ClientFinal {
  const text = textOf(data);
  const attributes = text.split(',');
  const binding = readValue('c', attributes[0]);
  const nonce = readNonce(attributes[1]);
  checkExtensions(attributes.slice(2, -1));
  const proof = decodeCanonical(readValue('p', attributes.at(-1)), 'base64');
  if (proof?.length !== keyBytes) throw malformed();
  return { binding, nonce, withoutProof: text.slice(0, text.lastIndexOf(',')), proof };
}

function textOf(data: Uint8Array | undefined): string {
  if (data === undefined || data.length > maxMessageBytes) throw malformed();
  const text = decodeText(data);
  if (text === undefined) throw malformed();
  return text;
}

/** The value of an attribute that must be the one of this letter. */
function readValue(letter: string, attribute: string | undefined): string {
  if (attribute === undefined) throw malformed();
  if (attribute.startsWith('m=')) throw new ScramFault('mandatory extensions are not supported');
  const value = attribute.slice(2);
  if (!attribute.startsWith(`${letter}=`) || value === '' || value.includes('\0')) {
    throw malformed();
  }
  return value;
}

function readNonce(attribute: string | undefined): string {
  const nonce = readValue('r', attribute);
  if (!/^[!-~]+$/.test(nonce)) throw malformed();
  return nonce;
}

/** Extensions are ignored, but must look like some. */
function checkExtensions(attributes: readonly string[]): void {
  for (const attribute of attributes) {
    const letter = attribute.charAt(0);
    if (!/[a-z]/i.test(letter) || placedLetters.includes(letter)) throw malformed();
    readValue(letter, attribute);
  }
}

function readName(escaped: string): string {
  if (/=(?!2C|3D)/.test(escaped)) throw malformed();
  const name = prepareText(escaped.replaceAll('=2C', ',').replaceAll('=3D', '='));
  if (name === undefined) throw new ScramFault('the user name holds forbidden characters');
  return name;
}

function malformed(): ScramFault {
  return new ScramFault('the authentication data is not a message of SCRAM that belongs here');
}
