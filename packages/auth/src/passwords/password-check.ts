import { Buffer } from 'node:buffer';
import { createHmac, randomBytes } from 'node:crypto';
import fastq from 'fastq';
import { defaultCost, matchesHash, type PasswordHash } from './password.ts';

/** A password that waited longer is not checked any more: nobody may get an answer so late that the broker gave up. */
const maxWaitMs = 4_000;

export interface HashingOptions {
  readonly maxParallelHashes: number;
  readonly maxQueuedHashes: number;
}

/** What came of a password: 'busy' when too many wait, or it waited too long; 'stopped' when `mayTry` said no. */
export type PasswordOutcome = 'right' | 'wrong' | 'busy' | 'stopped';

/** Who keeps count of attempts. */
export interface AttemptCount {
  /** Asked when the turn of a password has come. */
  mayTry(): boolean;
  /** Told before the next one has its turn. */
  wrong(): void;
}

interface Task {
  readonly password: Uint8Array;
  readonly hash: PasswordHash;
  readonly isKnown: boolean;
  readonly count: AttemptCount;
  /** By the clock of the check. */
  readonly since: number;
}

/** Checks passwords, a few at a time, and takes as long for names that do not exist. */
export class PasswordCheck {
  readonly #options: HashingOptions;
  readonly #now: () => number;
  readonly #queue: fastq.queueAsPromised<Task, PasswordOutcome>;
  readonly #decoySecret = randomBytes(32);
  #hashes: ReadonlyMap<string, PasswordHash> = new Map();
  #decoys: readonly PasswordHash[] = makeDecoys([]);

  constructor(
    options: HashingOptions,
    matches: (password: Uint8Array, hash: PasswordHash) => Promise<boolean> = matchesHash,
    now: () => number = () => performance.now(),
  ) {
    this.#options = options;
    this.#now = now;
    this.#queue = fastq.promise(async ({ password, hash, isKnown, count, since }: Task) => {
      if (now() - since > maxWaitMs) return 'busy';
      if (!count.mayTry()) return 'stopped';
      if ((await matches(password, hash)) && isKnown) return 'right';
      count.wrong();
      return 'wrong';
    }, options.maxParallelHashes);
  }

  /** Takes other hashes from now on. What is under way ends as it began. */
  use(hashes: ReadonlyMap<string, PasswordHash>): void {
    this.#hashes = hashes;
    this.#decoys = makeDecoys(hashes.values());
  }

  /** Settles when the password is checked. */
  async check(name: string, password: Uint8Array, count: AttemptCount): Promise<PasswordOutcome> {
    if (this.#isFull()) return 'busy';
    const known = this.#hashes.get(name);
    const decoy = this.#decoyFor(name);
    const task = {
      // A copy, since the password is part of a chunk that may be used again while it waits.
      password: Buffer.from(password),
      hash: known ?? decoy,
      isKnown: known !== undefined,
      count,
      since: this.#now(),
    };
    try {
      return await this.#queue.push(task);
    } finally {
      task.password.fill(0);
    }
  }

  #isFull(): boolean {
    const { maxParallelHashes, maxQueuedHashes } = this.#options;
    return this.#queue.running() >= maxParallelHashes && this.#queue.length() >= maxQueuedHashes;
  }

  /**
   * An unknown user takes the time of a known one: which one is fixed for a name, and cannot be
   * guessed, so that hashes of different cost do not tell known names from unknown ones.
   */
  #decoyFor(name: string): PasswordHash {
    const digest = createHmac('sha256', this.#decoySecret).update(name).digest();
    return this.#decoys[digest.readUInt32LE() % this.#decoys.length] as PasswordHash;
  }
}

/** For each user a hash of the same cost that no password has. */
function makeDecoys(hashes: Iterable<PasswordHash>): PasswordHash[] {
  const salt = randomBytes(16);
  const key = randomBytes(32);
  const decoys = Array.from(hashes, ({ cost }) => ({ cost, salt, key }));
  return decoys.length > 0 ? decoys : [{ cost: defaultCost, salt, key }];
}
