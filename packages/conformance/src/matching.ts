import { Buffer } from 'node:buffer';

/**
 * What a value must look like: parts of an object, a list of the same length, bytes as bytes or as
 * text, or a function that decides. `undefined` in an object says that the field must be absent.
 */
export type Match<Value> =
  | ((value: Value) => boolean)
  | (Value extends Uint8Array
      ? Uint8Array | string
      : Value extends readonly (infer Item)[]
        ? readonly Match<Item>[]
        : Value extends object
          ? { readonly [Key in keyof Value]?: Match<Value[Key]> | undefined }
          : Value);

/** Whether a value looks as expected. */
export function matches(value: unknown, expected: unknown): boolean {
  if (typeof expected === 'function') return expected(value) === true;
  if (value instanceof Uint8Array) return bytesMatch(value, expected);
  if (Array.isArray(expected)) {
    return (
      Array.isArray(value) &&
      value.length === expected.length &&
      expected.every((item, index) => matches(value[index], item))
    );
  }
  if (typeof expected === 'object' && expected !== null) {
    if (typeof value !== 'object' || value === null) return false;
    const fields = value as Readonly<Record<string, unknown>>;
    return Object.entries(expected).every(([key, item]) => matches(fields[key], item));
  }
  return value === expected;
}

/** A packet, or what is expected of it, for people. */
export function show(value: unknown): string {
  return JSON.stringify(value, (key, item) => {
    if (typeof item === 'function') return `(${item})`;
    // Views of the buffer that a packet came in.
    if (key === 'bytes') return undefined;
    return isBytes(item) ? showBytes(item) : item;
  });
}

function bytesMatch(value: Uint8Array, expected: unknown): boolean {
  if (typeof expected === 'string') return Buffer.from(value).equals(Buffer.from(expected));
  return expected instanceof Uint8Array && Buffer.from(value).equals(expected);
}

/** A Buffer has become `{ type: 'Buffer', data }` by the time that a replacer sees it. */
function isBytes(value: unknown): value is Uint8Array | { readonly data: readonly number[] } {
  if (value instanceof Uint8Array) return true;
  return typeof value === 'object' && value !== null && 'data' in value && 'type' in value;
}

function showBytes(value: Uint8Array | { readonly data: readonly number[] }): string {
  const content = Buffer.from('data' in value ? value.data : value);
  const text = content.toString();
  const isPlain = /^[\x20-\x7e]*$/.test(text);
  const shown = isPlain ? text : `0x${content.toString('hex')}`;
  return shown.length > 80 ? `${shown.slice(0, 80)}... (${content.length} bytes)` : shown;
}
