/** A question about access rules whose answer is waited for. */
export interface Inquiry {
  readonly clientId: string;
  /** The rules changed since it was put: its answer must not be used. */
  readonly stale: boolean;
}

/** Which clients access rules are being asked about, so that an answer by rules of before is recognized. */
export class Inquiries {
  readonly #open: Set<{ clientId: string; stale: boolean }> = new Set();

  open(clientId: string): Inquiry {
    const inquiry = { clientId, stale: false };
    this.#open.add(inquiry);
    return inquiry;
  }

  /** Must be called, whatever came of it. */
  close(inquiry: Inquiry): void {
    this.#open.delete(inquiry);
  }

  /** Waits for an answer, and asks again for as long as the rules change meanwhile. */
  async current<Answer>(
    clientId: string,
    answer: Promise<Answer>,
    askAgain: () => Answer | Promise<Answer>,
  ): Promise<Answer> {
    const inquiry = this.open(clientId);
    const late = await answer;
    this.close(inquiry);
    if (!inquiry.stale) return late;
    const again = askAgain();
    return again instanceof Promise ? this.current(clientId, again, askAgain) : again;
  }

  /** The rules for one client changed, or those for everybody. */
  rulesChanged(clientId: string | undefined): void {
    for (const inquiry of this.#open) {
      if (clientId === undefined || clientId === inquiry.clientId) inquiry.stale = true;
    }
  }
}
