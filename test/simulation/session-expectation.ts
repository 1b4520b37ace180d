const toleranceMs = 50;

/** What CONNACK has to say about the session of a client. */
export type Presence = 'present' | 'absent' | 'either';

/** When the broker saw a connection end: at some time between two moments. */
interface Parting {
  readonly earliest: number;
  readonly latest: number;
}

/** The life of one client's session as the standard has it, from what can be seen outside. */
export class SessionExpectation {
  /** Undefined while the client never had a session; its expiry in milliseconds otherwise. */
  #expiryMs: number | undefined;
  /** Undefined while it is connected. */
  #parting: Parting | undefined;
  /** A CONNECT that nobody saw answered may have made or ended a session. */
  #isUnsure = false;

  /** What a CONNACK that left at `leftAt` has to say about the session that a CONNECT of `sentAt` found. */
  expected(isClean: boolean, sentAt: number, leftAt: number, jumpsMs: number): Presence {
    if (isClean) return 'absent';
    if (this.#isUnsure) return 'either';
    if (this.#expiryMs === undefined) return 'absent';
    if (this.#parting === undefined) return this.#expiryMs > 0 ? 'present' : 'absent';
    const { earliest, latest } = this.#parting;
    if (leftAt - earliest < this.#expiryMs - toleranceMs - jumpsMs) return 'present';
    return sentAt - latest > this.#expiryMs + toleranceMs + jumpsMs ? 'absent' : 'either';
  }

  /** The connection of a CONNECT that nobody saw answered is lost. */
  missed(expected: Presence): void {
    if (expected !== 'present') this.#isUnsure = true;
  }

  /** CONNACK left. */
  connected(expirySeconds: number): void {
    this.#expiryMs = expirySeconds === 0xffff_ffff ? Infinity : expirySeconds * 1_000;
    this.#parting = undefined;
    this.#isUnsure = false;
  }

  /** The broker is done with the connection, which ended between two moments. */
  parted(earliest: number, latest: number): void {
    this.#parting = { earliest: this.#parting?.earliest ?? earliest, latest };
  }

  /** The broker was dead until `now`; the time of sessions that it took for connected begins anew. */
  rebooted(now: number, durableAt: number): void {
    if (this.#parting === undefined || this.#parting.latest < durableAt) return;
    this.#parting = { earliest: this.#parting.earliest, latest: now };
  }
}
