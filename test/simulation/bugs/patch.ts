/** Takes a fault back. */
export type Undo = () => void;

/** A fault that somebody could have built in: named after what it does, switched on by `plant`. */
export interface Bug {
  readonly name: string;
  /** What is wrong, in a few words, for people. */
  readonly says: string;
  plant(): Undo;
}

/** Puts another method in the place of one. `make` is given the original. */
export function replace<Target extends object, Name extends keyof Target>(
  target: Target,
  name: Name,
  make: (original: Target[Name]) => Target[Name],
): Undo {
  const before = Object.getOwnPropertyDescriptor(target, name) as PropertyDescriptor;
  const value = make(before.value as Target[Name]);
  Object.defineProperty(target, name, { ...before, value });
  return () => void Object.defineProperty(target, name, before);
}

/** Puts another getter in the place of one. `get` is given the object and the original. */
export function replaceGetter<Target extends object, Name extends keyof Target>(
  target: Target,
  name: Name,
  get: (target: Target, original: (target: Target) => Target[Name]) => Target[Name],
): Undo {
  const before = Object.getOwnPropertyDescriptor(target, name) as PropertyDescriptor;
  const original = (one: Target): Target[Name] => before.get?.call(one);
  const changed = function (this: Target): Target[Name] {
    return get(this, original);
  };
  Object.defineProperty(target, name, { ...before, get: changed });
  return () => void Object.defineProperty(target, name, before);
}
