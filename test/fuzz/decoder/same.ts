import { IncomingPublish } from '@sluice/packet';

const publishFields = ['qos', 'retain', 'dup', 'topic', 'packetId', 'properties', 'payload'];

/** Whether two packets, or parts of them, say the same; quicker than what is made for any values. */
export function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) {
    return false;
  }
  if (one instanceof Uint8Array) {
    return other instanceof Uint8Array && Buffer.compare(one, other) === 0;
  }
  if (Array.isArray(one)) {
    if (!Array.isArray(other) || one.length !== other.length) return false;
    return one.every((item, index) => isSame(item, other[index]));
  }
  if (one instanceof IncomingPublish) {
    if (!(other instanceof IncomingPublish)) return false;
    return publishFields.every((name) => isSame(Reflect.get(one, name), Reflect.get(other, name)));
  }
  const names = Object.keys(one);
  if (names.length !== Object.keys(other).length) return false;
  return names.every((name) => isSame(Reflect.get(one, name), Reflect.get(other, name)));
}
