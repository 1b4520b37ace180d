// What is used here of packages that come without types.
declare module 'qlobber' {
  export class Qlobber<Value> {
    constructor(options: { separator: string; wildcard_one: string; wildcard_some: string });
    add(filter: string, value: Value): void;
    match(topic: string): Value[];
  }
}

declare module 'aedes-persistence-level' {
  export default function persistence(level: object): object;
}
