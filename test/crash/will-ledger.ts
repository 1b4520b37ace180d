import type { Report } from './report.ts';

/** How often a will is to be published. */
export type Due =
  /** Its CONNECT or its DISCONNECT was not answered. */
  'perhaps' | 'once' | 'never';

interface Will {
  readonly name: string;
  readonly qos: 1 | 2;
  due: Due;
}

/** Which wills were left and discarded, and how often each was published. */
export class WillLedger {
  readonly #wills: Will[] = [];
  /** By watcher, how often each will came. */
  readonly #published: Map<string, Map<number, number>> = new Map();

  /** A number for a will that is about to be left; `name` is for people. */
  add(name: string, qos: 1 | 2): number {
    return this.#wills.push({ name, qos, due: 'perhaps' }) - 1;
  }

  addWatcher(name: string): void {
    this.#published.set(name, new Map());
  }

  set(number: number, due: Due): void {
    const will = this.#wills[number];
    if (will !== undefined) will.due = due;
  }

  published(watcher: string, number: number): void {
    const counts = this.#published.get(watcher);
    counts?.set(number, (counts.get(number) ?? 0) + 1);
  }

  /** Whether all that is due has come to a watcher. */
  isComplete(watcher: string): boolean {
    const counts = this.#published.get(watcher);
    return this.#wills.every(({ due }, number) => due !== 'once' || counts?.has(number) === true);
  }

  /** Compares what was due with what came. */
  check(report: Report): void {
    for (const [watcher, counts] of this.#published) {
      for (const [number, { name, qos, due }] of this.#wills.entries()) {
        const count = counts.get(number) ?? 0;
        const story = () => `will ${number} of ${name} (${due}) came ${count} times to ${watcher}`;
        report.check(due !== 'once' || count > 0, 'wills', story);
        report.check(due !== 'never' || count === 0, 'resurrected', story);
        report.check(qos === 1 || count <= 1, 'doubled', story);
      }
    }
  }
}
