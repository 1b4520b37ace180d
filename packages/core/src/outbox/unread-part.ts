/** What of a queue is from before a restart and was not read since: how large its messages are is not known yet. */
export class UnreadPart {
  /** Messages in it. */
  size: number;
  #first = 0;
  readonly #end: number;

  constructor(end: number, size: number) {
    this.#end = end;
    this.size = size;
  }

  /** A message was read, or left the queue without that. False when it was not in here. */
  take(sequence: number, isRead: boolean): boolean {
    if (sequence < this.#first || sequence >= this.#end) return false;
    if (isRead) this.#first = sequence + 1;
    this.size--;
    return true;
  }
}
